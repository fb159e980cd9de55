#!/usr/bin/python3
"""Times training steps of a network in PyTorch: forward, cross-entropy, backward, SGD with Nesterov momentum.

The network comes from `cnasc build --emit=json`, operator by operator, so that both sides train the same one. Input: random images that
are in memory already; no data is read. Prints one JSON object: images/s of the best step group and of the median, and the peak resident
memory of the process.

usage: peer.py GRAPH.json MODE THREADS BATCH SECONDS     MODE: fp32, fp32-cl, bf16, bf16-cl (cl: channels_last)
"""
import json
import os
import resource
import sys
import time

graph_file, mode, threads, batch, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
os.environ["OMP_NUM_THREADS"] = str(threads)
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(threads)
torch.manual_seed(0)


class Network(nn.Module):
    """A graph of cnasc, run in its own (topological) order."""

    def __init__(self, graph):
        super().__init__()
        self.nodes = graph["nodes"]
        self.layers = nn.ModuleDict()
        shape = {n["name"]: n["shape"] for n in self.nodes}
        uses = {}
        for n in self.nodes:
            for i in n["inputs"]:
                uses[i] = uses.get(i, 0) + 1
        self.last_use = {}
        for k, n in enumerate(self.nodes):
            for i in n["inputs"]:
                self.last_use[i] = k
        made_by = {n["name"]: n["op"] for n in self.nodes}
        for n in self.nodes:
            a, key = n["attributes"], n["name"]
            if n["op"] == "conv":
                self.layers[key] = nn.Conv2d(shape[n["inputs"][0]][0], a["channels"], (a["kh"], a["kw"]), a["stride"], (a["pad_y"], a["pad_x"]),
                                             a["dilation"], a["groups"], bias=a["bias"])
            elif n["op"] == "batch_norm":
                self.layers[key] = nn.BatchNorm2d(n["shape"][0], eps=a["epsilon"], momentum=1 - a["decay"])
            elif n["op"] == "linear":
                self.layers[key] = nn.Linear(shape[n["inputs"][0]][0], n["shape"][0], bias=a["bias"])
            elif n["op"] == "dropout":
                self.layers[key] = nn.Dropout(a["rate"])
            elif n["op"] == "relu":  # in place where PyTorch allows it and nobody else reads the operand: what its users write
                x = n["inputs"][0]
                self.layers[key] = nn.ReLU(inplace=uses[x] == 1 and made_by[x] in ("batch_norm", "add"))

    def forward(self, x):
        v = {}
        for k, n in enumerate(self.nodes):
            op, a = n["op"], n["attributes"]
            ins = [v[i] for i in n["inputs"]]
            if op == "input":
                y = x
            elif n["name"] in self.layers:
                y = self.layers[n["name"]](ins[0])
            elif op == "add":
                y = ins[0] + ins[1]
                for other in ins[2:]:
                    y = y + other
            elif op == "concat":
                y = torch.cat(ins, 1)
            elif op == "max_pool":
                y = F.max_pool2d(ins[0], a["kernel"], a["stride"], a["pad"])
            elif op == "avg_pool":
                y = F.avg_pool2d(ins[0], a["kernel"], a["stride"], a["pad"])
            elif op == "global_avg_pool":
                y = ins[0].mean((2, 3))
            elif op == "subsample":
                y = ins[0][:, :, a["offset_y"]::a["stride"], a["offset_x"]::a["stride"]]
            elif op == "flatten":
                y = ins[0].flatten(1)
            elif op == "output":
                y = ins[0]
            else:
                sys.exit("peer.py: operator %s is not translated" % op)
            v[n["name"]] = y
            for i in n["inputs"]:
                if self.last_use[i] == k:
                    del v[i]
        return y


with open(graph_file) as f:
    graph = json.load(f)
net = Network(graph).train()
x = torch.randn(batch, *graph["nodes"][0]["shape"])
y = torch.randint(0, graph["nodes"][-1]["shape"][0], (batch,))
if mode.endswith("-cl"):
    net, x = net.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4, nesterov=True)
import contextlib


def step():
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast("cpu", dtype=torch.bfloat16) if mode.startswith("bf16") else contextlib.nullcontext():
        loss = F.cross_entropy(net(x), y)
    loss.backward()
    optimizer.step()


step()
times, end = [], time.perf_counter() + seconds
while time.perf_counter() < end or len(times) < 3:
    t = time.perf_counter()
    step()
    times.append(time.perf_counter() - t)
times.sort()
print(json.dumps({"best": batch / times[0], "median": batch / times[len(times) // 2], "steps": len(times),
                  "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
