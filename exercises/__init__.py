"""The course: 14 levels, from the scalar product to training at scale; each has a text here, 01_….md to 14_….md."""
