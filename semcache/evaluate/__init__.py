"""How often a threshold would serve a wrong answer, and which keeps a promise. Lesson 08."""
