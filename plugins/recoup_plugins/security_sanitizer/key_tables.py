"""Which words in a key's name say that its value is sensitive, as data.

Names are compared as lists of lower-case words: ``X-MBX-APIKEY`` is ``x mbx apikey``, ``walletAddress`` is
``wallet address``. The header names are those of the venues' own documentation.
"""

from __future__ import annotations

from typing import Final

from recoup_plugins.security_sanitizer.levels import Level

Entry = tuple[str, Level]


def _table(*rows: tuple[Level, str, str]) -> dict[str, Entry]:
    return {name: (kind, level) for level, kind, names in rows for name in names.split()}


ANYWHERE: Final = _table(
    (Level.LOW, "PASSWORD", "password passwd pwd passphrase passcode passwort contraseña motdepasse kennwort"),
    (
        Level.LOW,
        "PASSWORD",
        (
            "requirepass masterauth masterpass storepass keypass sshpass userpass dbpass rootpass adminpass "
            "proxypass pgpass passwrd"
        ),
    ),
    (
        Level.LOW,
        "PASSWORD",
        (
            "senha contrasena haslo parola sifre heslo wachtwoord losenord salasana adgangskode passord "
            "jelszo parol mdp psw passw parool slaptazodis lozinka geslo katasandi sandi parolla kodeord"
        ),
    ),
    (
        Level.LOW,
        "SECRET",
        (
            "secret secrets credential credentials creds apisecret clientsecret secretkey appsecret hmacsecret "
            "signingsecret webhooksecret"
        ),
    ),
    (
        Level.LOW,
        "SECRET",
        (
            "geheimnis segredo secreto secreta segreta segreto segreti tajemstvi hemlighet hemmelighet rahasia "
            "sharedkey sharedaccesskey accountkey hmackey "
            "totpsecret signedchallenge dockerconfigjson dockercfg"
        ),
    ),
    (
        Level.LOW,
        "API_KEY",
        (
            "apikey apikeys accesskey authkey appkey accesskeyid accessid secretaccess apitoken dkey hapikey pck "
            "apik seckey klucz anahtar anahtari"
        ),
    ),
    (Level.LOW, "SIGNATURE", "apisign accesssign signedstr authpayload sharedaccesssignature authsig"),
    (Level.LOW, "AUTHORIZATION", "authent authentication proxyauthorization"),
    (
        Level.LOW,
        "PRIVATE_KEY",
        "viewkey spendkey secretspendkey privateviewkey keypair privatekey privatekeys privkey privkeys xprv xpriv wif",
    ),
    (Level.LOW, "SEED_PHRASE", "mnemonic mnemonics seedphrase mnemonicphrase seedwords bip39"),
    (
        Level.LOW,
        "TOKEN",
        (
            "accesstoken refreshtoken authtoken secrettoken streamtoken bearertoken idtoken sessiontoken bottoken "
            "listenkey enctoken "
            "phpsessid jsessionid sessid "
            "aspxauth codeverifier"
        ),
    ),
    (Level.MEDIUM, "EMAIL", "email emails"),
    (Level.MEDIUM, "CARD", "cardnumber creditcard debitcard cvv cvc cvv2 cvc2 csc cardno ccnumber ccnum cardnum"),
    (Level.MEDIUM, "IBAN", "iban ibans"),
    (
        Level.MEDIUM,
        "NATIONAL_ID",
        (
            "ssn passport nino aadhaar aadhar cpf cnpj curp pesel codicefiscale personnummer steuerid dni nif "
            "nie bsn insee taxpayer"
        ),
    ),
    (Level.MEDIUM, "NATIONAL_ID", "dateofbirth birthdate dob"),
    (Level.HIGH, "USER", "username"),
)
"""A word that is sensitive wherever in a name it stands, unless the last word describes it (``password_length``)."""

FOREIGN: Final = _table(
    (
        Level.LOW,
        "PASSWORD",
        (
            "пароль 密码 密碼 口令 パスワード 暗証番号 비밀번호 contraseña şifre hasło lösenord clé_secrète salainen "
            "رمز khẩu סיסמה รหัสผ่าน κωδικός पासवर्ड गुप्तशब्द المرور пароля гасло λέξη παρολα "
            "παρόλα συνθηματικό лозинка парола"
        ),
    ),
    (
        Level.LOW,
        "SECRET",
        "секрет 密钥 密鑰 秘密 シークレット 秘密鍵 비밀키 비밀_키 schlüssel 私钥 私鑰 시크릿 סוד السر",
    ),
    (Level.LOW, "TOKEN", "токен 令牌 トークン 토큰 אסימון jeton_d"),
    (Level.LOW, "API_KEY", "ключ apiキー api密钥 clé api_키 api키 개인_키 klíč nøgle κλειδί"),
    (Level.LOW, "SEED_PHRASE", "助记词 助記詞 мнемоника ニーモニック 니모닉 시드"),
    (Level.MEDIUM, "EMAIL", "почта 邮箱 メール 이메일"),
    (Level.MEDIUM, "PHONE", "телефон 电话 手机 電話 téléphone"),
    (Level.MEDIUM, "NATIONAL_ID", "身份证 паспорт"),
)
"""Words of other scripts and with accents, which are looked for as they are, anywhere in a name."""

WITHIN: Final = (
    *(
        "password",
        "passwd",
        "passphrase",
        "passwort",
        "apikey",
        "apisecret",
        "secretkey",
        "appsecret",
        "privatekey",
        "accesstoken",
        "authtoken",
    ),
    *("signingsecret", "secrettoken", "streamtoken", "secretaccess", "webhooksecret"),
    *("mnemonic", "seedphrase", "clientsecret", "refreshtoken", "sessiontoken", "accesskey", "sessionid", "signature"),
)
"""Entries of ``ANYWHERE`` and ``LAST`` that are also found inside a name written without any separator."""

LAST: Final = _table(
    (Level.LOW, "PASSWORD", "psk presharedkey preshared puk"),
    (Level.LOW, "SECRET", "salt pepper macaroon ciphertext unseal kek dek dockerconfigjson dockercfg"),
    (Level.LOW, "PRIVATE_KEY", "pk priv skey sk"),
    (
        Level.LOW,
        "TOKEN",
        "token tokens jwt bearer sessionid sid csrf xsrf csrftoken xsrftoken otp totp clearance cst tok assertion",
    ),
    (Level.LOW, "OTP", "2fa tfa mfa twofa twofactor"),
    (Level.LOW, "PASSWORD", "pass passwords pw pin pincode clave pswd"),
    (Level.LOW, "SIGNATURE", "signature signatures sign sig signed hmac apisign accesssign"),
    (Level.LOW, "AUTHORIZATION", "authorization authorisation auth cookie cookies authn xauth oauth"),
    (Level.LOW, "SECRET", "cred sekret"),
    (Level.LOW, "SEED_PHRASE", "seed phrase seeds entropy"),
    (Level.LOW, "API_KEY", "key"),
    (
        Level.MEDIUM,
        "PHONE",
        "phone phones phonenumber mobile msisdn telephone tel fax cellphone cell whatsapp telefon telefono phoneno",
    ),
    (Level.MEDIUM, "EMAIL", "mail"),
    (Level.MEDIUM, "WALLET", "wallet wallets address addresses addr xpub ypub zpub pubkey signer payto"),
    (Level.MEDIUM, "CARD", "card pan"),
    (
        Level.MEDIUM,
        "BANK",
        (
            "bic swift sortcode routingnumber accountnumber bankaccount aba bban blz bsb ifsc clabe routing "
            "bicswift swiftbic beneficiary cardholder"
        ),
    ),
    (
        Level.MEDIUM,
        "NATIONAL_ID",
        (
            "nationalid taxid passportnumber dob birthdate birthday birth born tin ein sin tfn rut rrn nir "
            "idcard passportno"
        ),
    ),
    (Level.HIGH, "USER", "user users uname login userid usr nick nickname firstname lastname fullname surname owner"),
    (
        Level.HIGH,
        "ACCOUNT",
        "uid account accounts acct accountid acctid clientid customerid custid memberid subaccount customer",
    ),
    (Level.HIGH, "IP", "ip ips ipaddr ipaddress ipv4 ipv6 clientip remoteip remoteaddr sourceip srcip dstip hostip"),
    (Level.HIGH, "MAC", "mac macaddr macaddress"),
)
"""A word that is sensitive when it is the last of a name."""

ALONE: Final = _table((Level.LOW, "API_KEY", "key"), (Level.LOW, "PRIVATE_KEY", "private"))
"""A word that is sensitive when it is the whole name, and its value looks the part."""

PHRASES: Final = _table(
    (
        Level.LOW,
        "API_KEY",
        "api-key access-key consumer-key app-key auth-key client-key service-key license-key account-key",
    ),
    (
        Level.LOW,
        "API_KEY",
        "honeycomb-team source-key aggr-key subscription-key developer-key ssh-key webhook-key shared-key storage-key",
    ),
    (
        Level.LOW,
        "SECRET",
        "secret-key signing-key encryption-key master-key hmac-key session-key symmetric-key listen-key",
    ),
    (Level.LOW, "SECRET", "webhook-url client-assertion storage-connection connection-string data-protection-key"),
    (
        Level.LOW,
        "PRIVATE_KEY",
        "private-key private-keys priv-key wif-key spending-key viewing-key view-key spend-key validator-key",
    ),
    (
        Level.LOW,
        "API_KEY",
        "api-keys access-keys access-id request-api rpc-key node-key infura-key alchemy-key write-key integration-key",
    ),
    (Level.LOW, "API_KEY", "routing-key"),
    (Level.LOW, "PASSWORD", "security-answer"),
    (
        Level.LOW,
        "PASSWORD",
        (
            "mot-passe mot-de-passe palabra-clave security-answer secret-answer recovery-answer db-pass user-pass "
            "root-pass admin-pass proxy-pass pass-phrase pass-word"
        ),
    ),
    (
        Level.LOW,
        "SIGNATURE",
        (
            "gemini-payload txc-payload bitbns-payload bitopro-payload coinone-payload auth-payload "
            "signed-payload tapi-mac private-mac signed-challenge hmac-sha"
        ),
    ),
    (Level.LOW, "API_KEY", "tapi-id cle-api clave-api chave-api api-schluessel bx-public"),
    (Level.LOW, "SECRET", "webhook-uri webhook-link connection-uri shared-secret community-string snmp-community"),
    (Level.LOW, "OTP", "sms-code time-code login-code email-code factor-code totp-code recovery-codes backup-codes"),
    (
        Level.LOW,
        "SEED_PHRASE",
        "seed-phrase recovery-phrase backup-phrase secret-phrase mnemonic-phrase wallet-phrase seed-words",
    ),
    (Level.LOW, "SEED_PHRASE", "recovery-words recovery-seed wallet-seed master-seed"),
    (
        Level.LOW,
        "TOKEN",
        (
            "session-id sess-id session-cookie laravel-session flask-session rails-session gitlab-session ci-session "
            " csrf-token auth-code authorization-code remember-me remember-token "
            "backup-code recovery-code otp-code"
        ),
    ),
    (
        Level.LOW,
        "TOKEN",
        (
            "verification-code activation-code pairing-code invite-code unlock-code device-code user-code "
            "pin-code mfa-code two-fa 2fa-code tfa-code google-code reset-code oauth-verifier token-hint saml-response"
        ),
    ),
    (
        Level.MEDIUM,
        "BANK",
        (
            "account-number bank-account sort-code routing-number bank-number swift-code bic-code account-no "
            "acct-no acct-number acc-number acc-no routing-no aba-number aba-routing bank-code"
        ),
    ),
    (
        Level.MEDIUM,
        "BANK",
        "bsb-number ifsc-code transit-number beneficiary-account sepa-account card-holder holder-name beneficiary-name",
    ),
    (
        Level.MEDIUM,
        "CARD",
        (
            "card-number credit-card debit-card security-code card-code card-no cc-number cc-num card-num "
            "card-cvv card-pin"
        ),
    ),
    (
        Level.MEDIUM,
        "NATIONAL_ID",
        "national-id tax-id social-security passport-number birth-date date-birth of-birth tax-number",
    ),
    (
        Level.MEDIUM,
        "NATIONAL_ID",
        (
            "id-number driver-license drivers-license social-number passport-no codice-fiscale id-card "
            "resident-id document-number document-no insurance-number licence-number license-number"
        ),
    ),
    (Level.MEDIUM, "PHONE", "phone-number mobile-number telephone-number"),
    (Level.MEDIUM, "WALLET", "address-to address-from"),
    (
        Level.HIGH,
        "ACCOUNT",
        "account-id account-index account-name client-id customer-id member-id sub-account portfolio-id broker-id",
    ),
    (Level.HIGH, "ACCOUNT", "acct-id trader-id owner-id login-id cust-id customer-number customer-no account-holder"),
    (
        Level.HIGH,
        "USER",
        "user-id user-name login-name first-name last-name full-name display-name screen-name nick-name",
    ),
    (
        Level.HIGH,
        "IP",
        "ip-address remote-addr remote-address client-ip forwarded-for real-ip x-forwarded peer-address peer-name",
    ),
    (Level.HIGH, "IP", "client-address host-address source-address ip-addr"),
    (Level.HIGH, "MAC", "mac-address mac-addr hardware-address"),
)
"""Two words in a row that are sensitive at the end of a name."""

TRADING: Final = _table(
    (
        Level.CRITICAL,
        "AMOUNT",
        (
            "amount amounts amt qty quantity size sz volume vol cost fee fees commission notional margin pnl "
            "profit upl upnl rebate"
        ),
    ),
    (
        Level.CRITICAL,
        "AMOUNT",
        (
            "loss funds filled remaining executed unfilled collateral deposit withdrawal withdraw payout "
            "turnover value totalusd totalusdt totalbtc totaleur "
            "turnover24h volume24h liabilities liability"
        ),
    ),
    (
        Level.CRITICAL,
        "BALANCE",
        (
            "balance balances bal equity eq holdings position positions exposure portfolio available avail "
            "wallet free used locked frozen withdrawable redeemable claimable "
            "hold held reserved nav aum networth cash netliq buyingpower"
        ),
    ),
    (
        Level.CRITICAL,
        "PRICE",
        (
            "price prices ohlcv px bid ask bids asks average avg vwap stop takeprofit stoploss entry liquidation "
            "cummulative price24h"
        ),
    ),
    (Level.CRITICAL, "PRICE", "avgprice stopprice entryprice markprice limitprice lastprice triggerprice"),
    (
        Level.CRITICAL,
        "AMOUNT",
        "origqty executedqty cumqty baseqty quoteqty quoteorderqty leverage cumquote cumbase cumexec",
    ),
    (
        Level.CRITICAL,
        "ORDER",
        "order orders orderid orderids clordid origclordid ordid oid clientorderid trade trades tradeid fill fills",
    ),
    (
        Level.CRITICAL,
        "ORDER",
        "execid executionid fillid cloid coid positionid ord txid orderlinkid clientoid orderref",
    ),
)
"""A word that is sensitive anywhere in a name at level CRITICAL."""
