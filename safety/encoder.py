"""The sentence encoder: text to a 384-dimensional unit vector, int8 ONNX on the CPU.

Used by the danger detector and, in the NLU pipeline, by the sentence featurizer. The
model is all-MiniLM-L6-v2 fine-tuned once on this project's own data:
docs/decisions/0004-sentence-encoder.md
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np

ENCODER_FOLDER = Path(__file__).resolve().parent / "encoder"
DIMENSIONS = 384
MAX_TOKENS = 128
REMEMBERED = 512


class EncoderError(RuntimeError):
    """The encoder's files are missing or broken."""


class SentenceEncoder:
    """Encodes texts; safe to share between threads."""

    def __init__(self, folder: Path = ENCODER_FOLDER, *, threads: int = 1) -> None:
        """Loads model and tokenizer.

        Args:
            folder: holds ``model.onnx`` and ``tokenizer.json``.
            threads: CPU threads a call may use.

        Raises:
            EncoderError: names the missing file.
        """
        import onnxruntime
        from tokenizers import Tokenizer

        for name in ("model.onnx", "tokenizer.json"):
            if not (folder / name).is_file():
                raise EncoderError(
                    f"{folder / name}: not found. It is part of the repository; "
                    f"run 'git checkout -- {folder}'."
                )
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(max_length=MAX_TOKENS)
        self._tokenizer.enable_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        # Encoders with the same files give the same vectors.
        self.identity = _hash_of(folder)
        self._inputs = {entry.name for entry in self._session.get_inputs()}
        self._cache: OrderedDict[str, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()
        # Texts whose vectors are kept; a training raises it, as it asks twice.
        self.remembered = REMEMBERED

    def encode(self, text: str) -> np.ndarray:
        """Vector of one text: shape (384,), float32, length 1; 512 texts are kept."""
        with self._lock:
            vector = self._cache.get(text)
            if vector is not None:
                self._cache.move_to_end(text)
                return vector
        vector = self._run([text])[0]
        self.remember({text: vector})
        return vector

    def remember(self, vectors: Mapping[str, np.ndarray]) -> None:
        """Takes vectors that were made before, of texts that will be asked for."""
        with self._lock:
            self._cache.update(vectors)
            while len(self._cache) > self.remembered:
                self._cache.popitem(last=False)

    def recall(self, texts: Sequence[str]) -> np.ndarray | None:
        """Vectors of texts, shape (len(texts), 384); None if one is not remembered."""
        with self._lock:
            known = [self._cache.get(text) for text in texts]
        found = [vector for vector in known if vector is not None]
        return np.stack(found) if known and len(found) == len(known) else None

    def encode_many(self, texts: list[str], *, workers: int = 2) -> np.ndarray:
        """Vectors of many texts, shape (len(texts), 384), float32.

        One text at a time, on several threads: int8 scales depend on the whole input,
        so a batch would give vectors other than those that ``encode`` gives at run
        time (cosine down to 0.976).
        """
        if not texts:
            return np.zeros((0, DIMENSIONS), dtype=np.float32)
        with ThreadPoolExecutor(workers) as pool:
            return np.stack(list(pool.map(self.encode, texts)))

    def _run(self, texts: list[str]) -> np.ndarray:
        encodings = self._tokenizer.encode_batch([readable(text) for text in texts])
        ids = np.array([encoding.ids for encoding in encodings], dtype=np.int64)
        mask = np.array(
            [encoding.attention_mask for encoding in encodings], dtype=np.int64
        )
        feed = {"input_ids": ids, "attention_mask": mask}
        if "token_type_ids" in self._inputs:
            feed["token_type_ids"] = np.zeros_like(ids)
        tokens = self._session.run(None, feed)[0]
        if tokens.ndim == 3:
            weights = mask[:, :, None].astype(np.float32)
            tokens = (tokens * weights).sum(axis=1) / weights.sum(axis=1)
        norms = np.linalg.norm(tokens, axis=1, keepdims=True)
        return (tokens / np.maximum(norms, 1e-9)).astype(np.float32)


def _hash_of(folder: Path) -> str:
    whole = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


def readable(text: str) -> str:
    """The text without half characters (broken emoji), which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode()


@cache
def shared_encoder() -> SentenceEncoder:
    """The one encoder of this process."""
    return SentenceEncoder()
