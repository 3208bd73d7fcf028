"""Fine-tunes the sentence encoder once on the project's data and exports int8 ONNX.

Run by a developer, in an environment apart from the product's (PyTorch is no
dependency of it): ``python -m retraining.finetune_encoder``. Staff never run this;
they retrain the linear heads on the frozen encoder. Why, and what it gained:
docs/decisions/0004-sentence-encoder.md

Loss: cross-entropy over intents plus supervised contrastive loss (Khosla et al. 2020,
"Supervised Contrastive Learning", equation 2) on the pooled sentence vectors.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from pathlib import Path

from retraining.examples import NLU_FOLDER, ROOT, read_folder

try:
    import torch
    from torch import nn
    from torch.nn import functional
    from tqdm import tqdm
    from transformers import AutoModel, AutoTokenizer
except ImportError as error:
    sys.exit(
        f"Fine-tuning needs an environment of its own ({error}). "
        f"docs/decisions/0004-sentence-encoder.md says how to make it."
    )

MAX_TOKENS = 48


class Encoder(nn.Module):
    """Transformer, mean pooling, unit length: ids and mask in, (batch, 384) out."""

    def __init__(self, model: nn.Module) -> None:
        """Wraps a transformer."""
        super().__init__()
        self.model = model

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> torch.Tensor:
        """(see parent class for full docstring)."""
        hidden = self.model(
            input_ids=input_ids, attention_mask=attention_mask
        ).last_hidden_state
        weights = attention_mask.unsqueeze(-1).to(hidden.dtype)
        pooled = (hidden * weights).sum(1) / weights.sum(1)
        return functional.normalize(pooled, dim=1)


def contrastive_loss(
    vectors: torch.Tensor, labels: torch.Tensor, temperature: float
) -> torch.Tensor:
    """Supervised contrastive loss of a batch; vectors (n, d) of unit length."""
    similarity = vectors @ vectors.T / temperature
    itself = torch.eye(len(labels), dtype=torch.bool)
    similarity = similarity.masked_fill(itself, -1e9)
    log_share = similarity - similarity.logsumexp(1, keepdim=True)
    same = (labels[:, None] == labels[None, :]) & ~itself
    count = same.sum(1)
    per_anchor = -(log_share * same).sum(1) / count.clamp(min=1)
    return per_anchor[count > 0].mean()


def noisy(text: str, rng: random.Random) -> str:
    """A copy as a hurried thumb would type it: lower case, a typo, no punctuation."""
    if rng.random() < 0.5:
        text = text.lower()
    if rng.random() < 0.3:
        text = re.sub(r"[.,!?']", "", text)
    if rng.random() < 0.3 and len(text) > 8:
        at = rng.randrange(1, len(text) - 2)
        swapped = text[at + 1] + text[at]
        text = rng.choice(
            [text[:at] + swapped + text[at + 2 :], text[:at] + text[at + 1 :]]
        )
    return text


def batches(
    examples: list[tuple[str, str]], size: int, rng: random.Random
) -> list[list[tuple[str, str]]]:
    """Full batches of similar length (little padding), in random order."""
    rng.shuffle(examples)
    pool = size * 20
    found = []
    for start in range(0, len(examples), pool):
        chunk = sorted(examples[start : start + pool], key=lambda item: len(item[0]))
        found += [chunk[at : at + size] for at in range(0, len(chunk), size)]
    found = [batch for batch in found if len(batch) == size]
    rng.shuffle(found)
    return found


def train(args: argparse.Namespace) -> None:
    """Fine-tunes, exports and quantises.

    Writes ``model.onnx`` and ``tokenizer.json`` to ``args.out``.
    """
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)
    tokenizer = AutoTokenizer.from_pretrained(args.base)
    encoder = Encoder(AutoModel.from_pretrained(args.base))
    examples = [(example.text, example.intent) for example in read_folder(args.data)]
    names = sorted({intent for _, intent in examples})
    head = nn.Linear(encoder.model.config.hidden_size, len(names))
    scale = 20.0  # unit vectors need a sharper softmax
    optimizer = torch.optim.AdamW(
        [
            {"params": encoder.parameters(), "lr": args.rate},
            {"params": head.parameters(), "lr": 1e-2},
        ],
        weight_decay=0.01,
    )
    steps = args.epochs * (len(examples) // args.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [args.rate, 1e-2], total_steps=max(steps, 1) + 1, pct_start=0.1
    )
    print(f"{len(examples)} examples, {len(names)} intents, {steps} steps")
    encoder.train()
    bar = tqdm(total=steps)
    for _ in range(args.epochs):
        for batch in batches(examples, args.batch, rng):
            tokens = tokenizer(
                [noisy(text, rng) for text, _ in batch],
                padding=True,
                truncation=True,
                max_length=MAX_TOKENS,
                return_tensors="pt",
            )
            labels = torch.tensor([names.index(intent) for _, intent in batch])
            vectors = encoder(tokens["input_ids"], tokens["attention_mask"])
            loss = functional.cross_entropy(
                scale * head(vectors), labels, label_smoothing=0.1
            ) + args.contrast * contrastive_loss(vectors, labels, 0.1)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            bar.update()
            bar.set_postfix(loss=f"{loss.item():.3f}")
    bar.close()
    args.out.mkdir(parents=True, exist_ok=True)
    export(encoder.eval(), tokenizer, args.out)


def export(encoder: Encoder, tokenizer: AutoTokenizer, out: Path) -> None:
    """Writes the int8 ONNX model and the tokenizer."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    out.mkdir(parents=True, exist_ok=True)
    sample = tokenizer(["a text", "another one"], padding=True, return_tensors="pt")
    full = out / "full.onnx"
    torch.onnx.export(
        encoder,
        (sample["input_ids"], sample["attention_mask"]),
        str(full),
        input_names=["input_ids", "attention_mask"],
        output_names=["vectors"],
        dynamic_axes={
            "input_ids": {0: "batch", 1: "tokens"},
            "attention_mask": {0: "batch", 1: "tokens"},
            "vectors": {0: "batch"},
        },
        opset_version=17,
        dynamo=False,
    )
    quantize_dynamic(
        str(full),
        str(out / "model.onnx"),
        weight_type=QuantType.QInt8,
        per_channel=True,
    )
    full.unlink()
    tokenizer.backend_tokenizer.save(str(out / "tokenizer.json"))


def main() -> None:
    """Command line of the fine-tuning."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--data", type=Path, default=NLU_FOLDER)
    parser.add_argument("--out", type=Path, default=ROOT / "safety" / "encoder")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=5e-5)
    parser.add_argument("--contrast", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=7)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
