"""Talk with a small GPT: ask, and it answers; each answer stays in what it reads.

    python text/answers/chat.py
    python text/answers/chat.py RUN --temperature 0.8 --top-k 5 --seed 3
    python text/answers/chat.py --ask "47+85?" "Spell tempest backwards." --show

RUN is a run of `instruct.py`, `prefer.py` or `reward.py`; without one, the network that comes with
the book answers. Type a question, such as "47+85?", "17 days after Monday?", "Letter 3 of tempest?"
or "Which play has Mercutio?", and an empty line to end. With --show you will see, below the answer,
how likely each of its characters was.
Chapter: text/answers/README.md#talking
"""

from chapter import OUTPUTS

import numpy as np
from scipy.special import softmax

from text.answers.asking import ANSWERS, load_answering
from text.answers.questions import ANSWER, END, USER
from text.gpt.cache import Reader
from text.gpt.characters import add_run, encode, harmless, unknown
from text.gpt.generate import choose
from utils.options import make_parser, number, positive, seed
from utils.runs import fail, make_folder, printable, save_results

LONGEST = 60  # characters of an answer
TEMPERATURE = 0.0  # the likeliest character: there is one right answer
SEED = 1


def problem_of(question, alphabet, context):
    """Return in a line what is wrong with a question, or None."""
    if not question.strip():
        return "it is empty"
    if forged := set(question) & {USER, ANSWER, END}:
        return f"{' '.join(sorted(forged))} belongs to the format: nobody may type it"
    if strange := unknown(question, alphabet):
        return f"the network has never seen {' '.join(map(repr, strange[:5]))}"
    if len(question) + 2 > context:
        return f"it has {len(question)} characters, and {context - 2} fit beside an answer"
    return None


def shorten(conversation, context):
    """Return the last questions and answers that fit, so that the newest is whole."""
    while len(conversation) > context and USER in conversation[1:]:
        conversation = conversation[conversation.index(USER, 1) :]
    return conversation


def answer(reader, conversation, alphabet, random, temperature, **how):
    """Yield each character of an answer, its end too, and how likely it was.

    how: as for generate.choose.
    """
    reader.forget()
    tokens = encode(conversation, alphabet)[None]
    for _ in range(LONGEST):
        (logits,) = reader.read(tokens)
        newest = choose(logits, random, temperature, **how)
        yield alphabet[newest], float(softmax(logits.astype("float64"))[newest])
        if alphabet[newest] == END:
            return
        tokens = np.array([[newest]], "int32")


def questions_of(args):
    """Yield the questions of the command line, or those that are typed."""
    if args.ask:
        yield from args.ask
        return
    while True:
        try:
            typed = input("You: ").strip()
        except EOFError:
            return
        if not typed:
            return
        yield typed


def main(argv=None):
    """Return the conversation, with the probability of each character of the answers."""
    parser = make_parser("Talks with a GPT that answers.", OUTPUTS, kept=False)
    add = parser.add_argument
    add_run(parser, "instruct.py, prefer.py or reward.py", ANSWERS)
    add("--ask", nargs="+", metavar="QUESTION", help="and do not wait for more")
    add("--temperature", type=number(float, 0), default=TEMPERATURE, help="0: the likeliest")
    add("--top-k", type=positive(int), metavar="K", help="among the K likeliest; None: all")
    add("--top-p", type=positive(float, 1), default=1.0, metavar="P")
    add("--show", action="store_true", help="print how likely each character was")
    add("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    model, settings = load_answering(args.run)
    alphabet, context = settings["alphabet"], model.input_shape[1]
    random, reader = np.random.default_rng(args.seed), Reader(model)
    conversation, turns = "", []
    for question in questions_of(args):
        if problem := problem_of(question, alphabet, context - LONGEST):
            if args.ask:
                fail(f"{question}: {problem}.")
            print(f"({printable(problem)}.)")
            continue
        if args.ask:
            print(f"You: {question}")
        conversation = shorten(conversation + USER + question + ANSWER, context - LONGEST)
        print("GPT: ", end="", flush=True)
        said = []
        for character, probability in answer(
            reader, conversation, alphabet, random, args.temperature,
            top_k=args.top_k, top_p=args.top_p,
        ):  # fmt: skip
            said.append((character, probability))
            print(harmless(character.replace(END, "\n")), end="", flush=True)
        text = "".join(character for character, _ in said)
        if not text.endswith(END):
            print(" ...")  # it did not come to an end
        if args.show:
            print("     " + " ".join(f"{harmless(one)} {share:.0%}" for one, share in said))
        conversation += text if text.endswith(END) else text + END
        turns.append({"question": question, "answer": text, "likely": [p for _, p in said]})
    return save_results({"turns": turns}, folder, __file__, argv)


if __name__ == "__main__":
    main()
