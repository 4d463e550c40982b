"""A process that asks two questions through Gradio's `load_chat`: its argument is a base URL.

It prints, as JSON, what the page would show for each. (In the tests' own process Gradio would leave
event loops unclosed.)
"""

import json
import sys

import gradio


def main() -> None:
    page = gradio.load_chat(sys.argv[1], model="mdsa")
    # What the page calls with each message; the history is as the page sends it.
    first = list(page.fn({"text": "an order", "files": []}, []))
    said = [
        {"role": "user", "content": "an order"},
        {"role": "assistant", "content": first[-1]},
    ]
    history = page.chatbot.preprocess(page.chatbot.postprocess(said))
    second = list(page.fn({"text": "an order of tea", "files": []}, history))
    sys.stdout.write(json.dumps([first, second]))


if __name__ == "__main__":
    main()
