lock table {{ prod }}
