"""Which words make a name speak of something else than a secret, or say too little; and parts of all names."""

# ruff: noqa: SIM905 - long lists of words read best as text

from __future__ import annotations

from typing import Final

from recoup_plugins.security_sanitizer.levels import Level

WEAK: Final = frozenset(
    """
        key sign sig signed auth seed pass pin pw token tokens bearer address addr wallet card pan account accounts user
        ciphertext users owner ip mac mail tel sid login customer phrase seeds clave cell pubkey signer birth born tin
        ein sin rut
        routing hold cash wallets addresses parola dni nie nif authentication wif pck parol csc held salt pepper usr ips
        cst pk priv skey sk kek dek puk unseal tok cred authn xauth oauth sekret mobile assertion entropy
        phone uid private value 2fa tfa mfa twofa twofactor
    """.split()
)
"""Words that alone say too little in running text: there, their value must look the part."""

DESCRIPTIVE: Final = frozenset(
    """
        count length len type types kind name names expiry expires expired expiration exp at age ttl status state
        error errors failed failure invalid missing required rejected denied bucket limit limits policy version
        algorithm alg algo path file dir url uri endpoint provider manager service class method format size max min
        set present enabled disabled valid ok exists rotation rotated created updated check checked strength hint
        prompt field fields label precision decimals step tick mode scheme encoding function func module index idx
        position offset column table store permissions permission scope scopes remaining used window retries
        attempts attempt is has time timestamp date ref refs arn ms seconds source reason usage and or for from to of in
        with not lookup language backend store storage hashing sync strength derivation encryption helper
        mount process engine plugin agent loader resolver validator checker parser reader writer generator factory
        database db mechanism realm command cmd match mismatch matches exception labels leak leaks
    """.split()
)
"""Last words that make a name speak about a secret instead of holding it (``token_type``, ``key_count``)."""

ORDINARY_KEYS: Final = frozenset(
    """
        public pub primary foreign cache sort partition routing idempotency dedup dedupe row hash dict map lookup
        group index unique composite natural shard lock redis json config object s3 bucket setting i18n translation
        keyboard shortcut message kafka record event consumer tag feature locale order trade book market symbol
        instrument ticker candle
    """.split()
)
"""Words before ``key`` that make it a key of another sort."""

QUANTITIES: Final = frozenset(["max", "min", "num", "number", "total", "prompt", "completion", "input", "output", "n"])
"""Words before ``tokens`` that make it a count."""

IDENTIFYING: Final = frozenset(
    """
        order trade fill exec execution ts time timestamp timestamps hash tx txid txhash commit sha digest block
        nonce seq sequence request trace span correlation error id ids oid orderid clientorderid clordid tradeid
        updateid lastupdateid created updated
    """.split()
)
"""Words of names whose plain numbers and hexadecimal strings an operator needs as they are."""

STEMS: Final = {
    Level.LOW: tuple(
        """
    key secret token pass pwd auth sign cipher sig= sig: sig" cred mnemonic seed phrase cookie session otp jwt bearer
    csrf xsrf pin: pin= pin" hmac sid= sid: sid" 2fa -code _code webhook kennwort contrase connection pw= pw:
    pw" é 554= 925= 96= motde tfa mfa twofa
    senha haslo parol sifre heslo wachtwoord losenord salasana adgangskode jelszo mdp psw clave geheim segredo xprv
    wif bip39 pepper
    api_hash api-hash apihash
    access sess payload psk salt clearance tajemstvi hemlig hemmelig rahasia lozinka geslo sandi slapta
    klucz anahtar kodeord remember honeycomb cst: cst= macaroon preshared code tapi verif login logon pck enctoken
    private answer dockerc recovery assertion segret schluessel chave two-fa two_fa bx-public bx_public
""".split()
    ),
    Level.MEDIUM: tuple(
        """
    mail phone mobile iban account card cvv cvc ssn tax passport wallet addr routing swift bic sort birth dob
    national msisdn whatsapp telef cell pubkey signer payto aba bban blz bsb ifsc clabe nino aadha cpf cnpj curp
    pesel codice person steuer dni nif nie bsn insee born tin ein sin tfn rut rrn nir resident ypub zpub csc transit
    document beneficiary sepa licence pan= pan" pan: xpub security tel= tel: tel" fax license
    bank social insurance ccn cc-n cc_n accn acc-n acc_n idnum id-num id_num
""".split()
    ),
    Level.HIGH: tuple(
        """
    user usr login acct uid owner client customer member sub_account portfolio forwarded real remote host name
    peer mac= mac: mac" ip= ip: ip" trader broker 553= hardware
""".split()
    ),
    Level.CRITICAL: ("=", ":", '"', "'"),
}
"""Parts of sensitive names: text that holds none of those up to its level has no sensitive name in it.

The accented letter stands for every letter outside ASCII, since names in other scripts are looked for as they are.
"""
