"""The course: 14 levels, from the scalar product to training at scale, each a text beside this file: 01_….md to 14_….md."""
