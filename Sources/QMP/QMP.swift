/// QMP's wire grammar: streaming JSON, negotiation, requests and replies. Pure.
