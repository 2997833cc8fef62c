"""Writes the numbers of l2s_net_test.cpp with PyTorch: a small L2S net's loss, gradients, and loss after training.

Run: python l2s_net_fixture.py   (needs torch; made with 2.x in float64)
"""

import torch

INPUTS, HIDDEN, OUTPUTS, SAMPLES, STEPS = 6, 5, 6, 8, 50


def wave(rows, columns, amplitude, frequency):
    """amplitude * sin(frequency * (row * columns + column + 1)), the same formula as in the test."""
    index = torch.arange(1, rows * columns + 1, dtype=torch.float64)
    return (amplitude * torch.sin(frequency * index)).reshape(rows, columns)


def make_net():
    net = torch.nn.Sequential(
        torch.nn.Linear(INPUTS, HIDDEN, dtype=torch.float64),
        torch.nn.Tanh(),
        torch.nn.Linear(HIDDEN, OUTPUTS, dtype=torch.float64),
    )
    with torch.no_grad():
        net[0].weight.copy_(wave(HIDDEN, INPUTS, 0.5, 0.7))
        net[0].bias.copy_(wave(1, HIDDEN, 0.1, 1.3)[0])
        net[2].weight.copy_(wave(OUTPUTS, HIDDEN, 0.4, 1.1))
        net[2].bias.copy_(wave(1, OUTPUTS, 0.2, 0.9)[0])
    return net


def print_array(name, values):
    numbers = ", ".join(f"{value:.17g}" for value in values.flatten().tolist())
    print(f"constexpr std::array<double, {values.numel()}> {name} = {{{numbers}}};")


def main():
    net = make_net()
    inputs = wave(SAMPLES, INPUTS, 1.0, 0.37)
    targets = wave(SAMPLES, OUTPUTS, 1.5, 0.53)
    optimizer = torch.optim.AdamW(
        [
            {"params": [net[0].weight, net[2].weight], "weight_decay": 0.01},
            {"params": [net[0].bias, net[2].bias], "weight_decay": 0.0},
        ],
        lr=0.01,
    )
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(net(inputs), targets)
        loss.backward()
        if step == 0:
            print(f"constexpr double initial_loss = {loss.item():.17g};")
            for name, parameter in zip(("hidden_weight", "hidden_bias", "output_weight", "output_bias"), net.parameters()):
                print_array(f"{name}_gradient", parameter.grad)
        optimizer.step()
    print(f"constexpr double trained_loss = {torch.nn.functional.mse_loss(net(inputs), targets).item():.17g};")


main()
