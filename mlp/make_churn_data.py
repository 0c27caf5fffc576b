"""Makes `Churn_Modelling.csv`: 10,000 synthetic bank customers, and whether they left.

    python mlp/make_churn_data.py                      # into mlp/outputs/<start time>/
    python mlp/make_churn_data.py --outputs mlp        # over the file that the lessons read
    python mlp/make_churn_data.py --compare real.csv   # statistics of the training rows of both

The public file of this name is used in many courses, but does not have a
licence that would let it be shipped here. This one is synthetic: no row of it
belongs to a real customer. For each row, the script first decides at random
whether the customer stays or leaves, then draws the columns as they are
distributed among those who stayed, or those who left, in 2,500 rows of the
public file. Every number below is such a statistic. The result was checked on
other rows of the public file.
The default seed writes the shipped file, byte for byte. Takes a second.
Chapter: mlp/README.md#where-the-data-come-from
"""

from chapter import OUTPUTS

from pathlib import Path

import numpy as np
import pandas as pd

from utils.options import make_parser, seed
from utils.runs import make_folder, replacing, shown, writing_to

SEED = 70  # of the first hundred the one whose statistics lie nearest to those of the 2,500 rows
CUSTOMERS = 10_000
FIRST_ID, IDS = 15_000_000, 500_000  # below the numbers of the public file

COLUMNS = """RowNumber CustomerId Surname CreditScore Geography Gender Age Tenure Balance
NumOfProducts HasCrCard IsActiveMember EstimatedSalary Exited"""

# No column depends on the surname. The first name is the most frequent one.
SURNAMES = """Smith Martin Garcia Mueller Brown Bernard Lopez Schmidt Jones Dubois Martinez
Schneider Taylor Thomas Sanchez Fischer Wilson Robert Perez Weber Evans Richard Gomez Meyer
Walker Petit Ruiz Wagner Wright Durand Diaz Becker Green Leroy Alvarez Schulz Hall Moreau
Romero Hoffmann Clarke Simon Navarro Koch Baker Laurent Torres Bauer Cooper Michel Ramos
Richter Morris Garnier Gil Klein Rossi Kim Chen Novak"""

# From here on pairs are: among the customers who stayed, among those who left.
LEFT = 0.205
COUNTRIES = ["France", "Germany", "Spain"]
COUNTRY = ([0.536, 0.213, 0.251], [0.367, 0.416, 0.217])
FEMALE = (0.432, 0.561)
CREDIT_SCORE = (651, 97, 350, 850)  # mean, standard deviation, smallest, largest: of both alike
LOWEST_STAYED = 401  # all customers with a lower score left
TENURE = [0.042] + 9 * [0.1014] + [0.0454]  # years with the bank: shares of 0 to 10, of both
HAS_CARD = 0.71  # of both
SALARY = (50, 200_000)  # every salary between these is as likely, for both

# Percentiles of the age in years. The middle of those who left is eight years older.
PERCENT = [0, 1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.8, 100]
AGE = (
    [18, 20.3, 24.3, 26.8, 29.9, 32.0, 34.1, 36.0, 37.9, 40.1, 43.1, 49.8, 59.8, 72.4, 79, 90],
    [18, 22.1, 27.9, 30.8, 35.2, 39.1, 41.8, 44.1, 46.5, 49.6, 52.5, 57.7, 60.6, 68.5, 76, 85],
)
# Share of active members at these ages, on straight lines between them: of those
# who left one in three, of those who stayed half of the younger, nearly all of the older.
ACTIVE_AT = [18, 38, 48, 58, 70]
ACTIVE = ([0.56, 0.52, 0.50, 0.94, 0.96], [0.37, 0.32, 0.33, 0.40, 0.40])

# Empty accounts: none in Germany. Accounts with money: mean and standard deviation.
NO_BALANCE = (0.494, 0.408)
BALANCE = ((118_900, 29_400), (123_800, 29_700))
BALANCE_RANGE = (3_000, 250_000)

# Shares of customers with 1, 2, 3 and 4 products. Almost all with 3 or 4 left. A second
# product keeps most of those with an empty account, but few with money outside Germany.
PRODUCTS = {
    "empty account": ([0.204, 0.790, 0.006, 0.0], [0.640, 0.180, 0.139, 0.041]),
    "money": ([0.740, 0.259, 0.001, 0.0], [0.712, 0.181, 0.090, 0.017]),
    "money in Germany": ([0.471, 0.524, 0.005, 0.0], [0.704, 0.146, 0.131, 0.019]),
}


def draw(random, shares):
    """Draw a column number for each row of `shares`, of shape (n, k), whose rows add up to 1."""
    return (random.random_sample((len(shares), 1)) > np.cumsum(shares, axis=1)[:, :-1]).sum(axis=1)


def make(seed=SEED, n=CUSTOMERS):
    """Return a table of `n` synthetic customers with the 14 columns of the public file."""
    # RandomState draws the same numbers in every version of numpy; default_rng need not.
    random = np.random.RandomState(seed)
    uniform = random.random_sample
    left = (uniform(n) < LEFT).astype(int)

    names = np.array(SURNAMES.split())
    frequency = 1 / (10 + np.arange(len(names)))
    surname = names[draw(random, np.tile(frequency / frequency.sum(), (n, 1)))]
    country = np.array(COUNTRIES)[draw(random, np.array(COUNTRY)[left])]
    gender = np.where(uniform(n) < np.array(FEMALE)[left], "Female", "Male")

    mean, deviation, lowest, highest = CREDIT_SCORE
    score = np.rint(random.normal(mean, deviation, n)).clip(lowest, highest).astype(int)
    too_low = (left == 0) & (score < LOWEST_STAYED)
    score[too_low] = 2 * LOWEST_STAYED - score[too_low]
    percent = 100 * uniform(n)
    age = np.where(left, *(np.interp(percent, PERCENT, AGE[group]) for group in (1, 0)))
    age = np.rint(age).astype(int)
    active = np.where(left, *(np.interp(age, ACTIVE_AT, ACTIVE[group]) for group in (1, 0)))
    active = (uniform(n) < active).astype(int)
    tenure = draw(random, np.tile(TENURE, (n, 1)))
    card = (uniform(n) < HAS_CARD).astype(int)
    salary = np.round(SALARY[0] + (SALARY[1] - SALARY[0]) * uniform(n), 2)

    mean, deviation = np.array(BALANCE)[left].T
    balance = np.round((mean + deviation * random.normal(size=n)).clip(*BALANCE_RANGE), 2)
    germany = country == "Germany"
    balance[(uniform(n) < np.array(NO_BALANCE)[left]) & ~germany] = 0
    account = np.where(germany, "money in Germany", np.where(balance > 0, "money", "empty account"))
    shares = np.array([PRODUCTS[key][group] for key, group in zip(account, left, strict=True)])
    products = 1 + draw(random, shares)

    number, ids = np.arange(1, n + 1), FIRST_ID + random.permutation(IDS)[:n]
    values = [number, ids, surname, score, country, gender, age, tenure, balance, products]
    values += [card, active, salary, left]
    return pd.DataFrame(dict(zip(COLUMNS.split(), values, strict=True)))


def write(table, path):
    """Write the table as CSV; as in the public file, amounts have no trailing zeros."""
    amounts = {name: table[name].map("{:.10g}".format) for name in ("Balance", "EstimatedSalary")}
    table.assign(**amounts).to_csv(path, index=False, lineterminator="\n")


def statistics(table):
    """Return a table: for groups of customers their share and the share that left, in percent."""
    names = ["none", "below 100,000", "to 140,000", "above"]
    balance = pd.cut(table.Balance, [-1, 0, 100_000, 140_000, np.inf], labels=names)
    names = ["18-29", "30-39", "40-49", "50-59", "60-69", "70 or more"]
    ages = pd.cut(table.Age, [17, 29, 39, 49, 59, 69, 150], labels=names)
    active = pd.Series(np.where(table.IsActiveMember, "active", "not active"), table.index)
    products = table.NumOfProducts.astype(str)
    money = np.where(table.Balance > 0, "balance, ", "no balance, ")
    groups = {
        "All": pd.Series("customers", table.index),
        "Country": table.Geography,
        "Gender": table.Gender,
        "Age": ages,
        "Member": active,
        "Active by age": active + ", " + ages.astype(str),
        "Balance": balance,
        "Products": products,
        "Products by balance": money + products,
        "Products by country": table.Geography + ", " + products,
    }
    rows = {
        (title, name): (100 * len(left) / len(table), 100 * left.mean())
        for title, key in groups.items()
        for name, left in table.Exited.groupby(key, observed=True)
    }
    return pd.DataFrame(rows, index=["share", "left"]).T.round(1)


def main(argv=None):
    parser = make_parser("Makes a file of synthetic bank customers.", OUTPUTS)
    add = parser.add_argument
    add("--seed", type=seed, default=SEED, help="fixes all random numbers")
    add("--compare", type=Path, help="print statistics beside those of this CSV file")
    options = parser.parse_args(argv)
    folder = make_folder(options.outputs)

    table = make(options.seed)
    with writing_to(folder), replacing(folder / "Churn_Modelling.csv") as partial:
        write(table, partial)
    print(f"{len(table)} customers, {table.Exited.mean():.1%} of them left")
    print(f"In {shown(folder)}: Churn_Modelling.csv")
    if options.compare:
        from mlp import churn, evaluation  # bring Keras, which takes seconds to import

        # Of the training customers: nobody looks at whether the others left.
        files = {"here": table, "there": churn.load_customers(options.compare)}
        both = {
            name: statistics(evaluation.split(some, evaluation.SEED)[0])
            for name, some in files.items()
        }
        print(pd.concat(both, axis=1).to_string(na_rep="-"))
    return {"customers": len(table), "left": float(table.Exited.mean())}


if __name__ == "__main__":
    main()
