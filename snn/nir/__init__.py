"""Networks in the field's exchange format, NIR (Pedersen et al., Nat. Commun. 2024), through the `nir` package.

NIR describes continuous time; reading and writing assume Euler steps of dt:

    tau dv/dt = v_leak - v + R I    ->    u[t] = (1 - dt/tau) v[t-1] + (dt R/tau) I[t] + dt v_leak/tau
    dv/dt = R I                     ->    u[t] = v[t-1] + dt R I[t]
    z = 1 if u > threshold,  v = v_reset if z = 1 else u

This is `spec.Neuron` with decay 1 - dt/tau and reset "zero"; its v is the v above times the decay. Steps, dt, encoding
and read-out are not part of NIR; they are stored as strings in the metadata of the graph.
"""

DT = 1.0  # length of a step in files written here
