"""`tradebot panic`: an account is made safe at its venue while no engine runs."""
