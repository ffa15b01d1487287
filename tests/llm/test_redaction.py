import pytest
from enrich.asked import Answering

from galen.llm.language_model import Failed, Prompt, Trouble
from galen.llm.redaction import Redacting

IDS = ["user-0000042", "C1000739", "household:77a", "张三0042"]
SECRETS = {
    "mail": [
        "jane.doe@example.com",
        "j.d+x@mail.example.co.uk",
        "jane (at) example.org",
        "write to a_b@c-d.de now",
        "JANE@EXAMPLE.COM",
        "jane[at]example.net",
        "\uff4a\uff41\uff4e\uff45@example.com",
    ],
    "telephone": [
        "+49 30 1234567",
        "+1 (212) 555-0187",
        "0049 170 1234567",
        "030/1234567",
        "(030) 123 45 67",
        "13812345678",
        "138-1234-5678",
        "+86 138 1234 5678",
        "+44 20 7946 0958",
    ],
    "date of birth": [
        "born 12.04.1961",
        "born on 1961-04-12",
        "DOB: 04/12/1961",
        "dob 4/12/61",
        "birthday 12/04/1961",
        "date of birth: 1961/04/12",
        "geboren 12.04.1961",
        "出生于1961年4月",
        "生日 1961-04-12",
    ],
    "age": [
        "aged 63",
        "age: 63",
        "63 years old",
        "63-year-old",
        "63 yrs old",
        "63 y/o",
        "Age 7",
        "63岁",
        "63 year old woman",
    ],
    "address": [
        "12 High Street",
        "221b Baker Street",
        "5 Old Mill Rd.",
        "Hauptstraße 12",
        "Lindenweg 4",
        "12 rue de la Paix 5",
        "中山路 12 号",
        "人民大道100号",
        "7 Park Lane",
    ],
    "order": [
        "order 100482",
        "Order no. 2024-00817",
        "order #A-99812",
        "Invoice 20240117",
        "Bestellung Nr. 88121",
        "订单号 A20240001",
        "rechnung 2024001",
    ],
    "card": ["4111 1111 1111 1111", "5500-0000-0000-0004", "4111111111111111"],
    "national id": ["078-05-1120", "11010519491231002X"],
    "id": [*IDS, "USER-0000042", "the buyer user-0000042 came", "(C1000739)"],
}
PLANTED = [(kind, text) for kind, texts in SECRETS.items() for text in texts]
HARMLESS = [
    "Aqualis Saline Nasal Spray 30 ml, sea water 0.9 %",
    "paracetamol 500 mg, 20 tablets, 12 x 2",
    "age band 60-69, sex female, region east, winter",
    "vitamin D3 1,000 IU, omega-3 1000 mg",
    "12 sachets to take along",
    "4006381333931",
]


def test_there_are_at_least_sixty_secrets():
    assert len(PLANTED) >= 60


@pytest.mark.parametrize(("kind", "secret"), PLANTED)
def test_no_secret_gets_through(kind, secret):
    text = f"A person bought nasal spray; {secret}; and tissues."
    model = Answering(lambda p: "fine")
    (answer,) = Redacting(model, IDS).complete([Prompt("Describe.", text)])
    assert isinstance(answer, Failed)
    assert answer.trouble is Trouble.REFUSED
    assert model.asked == []
    assert secret not in answer.message


@pytest.mark.parametrize(("kind", "secret"), PLANTED)
def test_what_is_masked_is_no_longer_found(kind, secret):
    wrapped = Redacting(Answering(lambda p: "fine"), IDS, how="mask")
    wrapped.complete([Prompt("Describe.", f"bought by {secret}, twice")])
    (sent,) = wrapped.inner.asked
    assert secret not in sent.user
    assert wrapped.found(sent.user) == []
    assert "twice" in sent.user


@pytest.mark.parametrize("text", HARMLESS)
def test_goods_and_cohorts_go_through_as_they_are(text):
    model = Answering(lambda p: "fine")
    Redacting(model, IDS).complete([Prompt("Describe.", text)])
    assert [prompt.user for prompt in model.asked] == [text]


def test_only_the_question_with_a_secret_is_refused():
    model = Answering(lambda p: p.user)
    prompts = [Prompt("", "spray"), Prompt("", "a@b.co"), Prompt("", "tissues")]
    answers = Redacting(model).complete(prompts)
    assert [getattr(one, "text", None) for one in answers] == ["spray", None, "tissues"]


def test_a_label_may_say_an_age_where_ages_are_not_looked_for():
    model = Answering(lambda p: "fine")
    label = Prompt("", "for children aged 6 and over")
    Redacting(model, kinds=("mail", "order")).complete([label])
    assert model.asked == [label]


ODD = ["user-1", "u#12", "#anna b.", "o\u0142ga", "jane@shop", "2000042", "7b9e-11aa-03"]


@pytest.mark.parametrize(
    "text",
    [
        "user-1:bought",
        "id_USER-1",
        "(u#12)",
        "for #Anna B. only",
        "for anna b",
        "O\u0142ga's",
        "jane@shop",
        "no. 2000042,",
        "x/7b9e-11aa-03/y",
    ],
)
def test_an_id_is_found_whatever_stands_around_it(text):
    assert [kind for kind, _ in Redacting(Answering(lambda p: ""), ODD, kinds=()).found(text)] == [
        "id"
    ]


def test_ids_that_are_amounts_are_left_alone_and_counted():
    model = Answering(lambda p: "fine")
    lock = Redacting(model, ["10", "500", "12345", "c", "123456", "user-7"])
    lock.complete([Prompt("", "nasal spray 10 ml, vitamin C 500 mg, 12345")])
    assert len(model.asked) == 1
    assert lock.left_alone == 4
    assert lock.found("123456") == [("id", "123456")]
    assert lock.found("user-77 and user 7") == []
