"""XOR by hand: two hidden units whose weights a person can find, and the proof that one layer would not do.

One hidden unit counts how many inputs are 1, the other how many are too many; the output takes twice the second from
the first. No training.

python examples/xor_by_hand.py
saitama export examples/xor_by_hand.py -o xor.xlsx        # every number of it: change a weight, and see the loss rise
"""

from __future__ import annotations

from saitama import nn
from saitama.datasets import xor

model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
model.load_state_dict(
    {
        "0.weight": [[1.0, 1.0], [1.0, 1.0]],  # both hidden units add the inputs: a + b
        "0.bias": [0.0, -1.0],  # the first as it is, the second counts from 1: max(0, a + b - 1)
        "2.weight": [[1.0, -2.0]],  # a + b - 2 max(0, a + b - 1)
        "2.bias": [0.0],
    }
)
x, y = xor()
prediction = model(x)
for inputs, output, target in zip(x.tolist(), prediction.tolist(), y.tolist()):
    print(f"{inputs[0]:.0f} xor {inputs[1]:.0f} = {output[0]:.0f}   (should be {target[0]:.0f})")

loss = nn.functional.mse_loss(prediction, y)  # 0
