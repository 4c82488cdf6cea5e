"""Real clients, unmodified, through a real gate and control plane: what each of them sees.

``table`` says how each client is called, ``apis`` what answers, ``world`` what runs, ``told`` what came of a call.
"""
