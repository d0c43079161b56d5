/** Words for the special kinds of prompts. */
export const NUMBERS = `
zero Z IH1 R OW0
one W AH1 N
two T UW1
three TH R IY1
four F AO1 R
five F AY1 V
six S IH1 K S
seven S EH1 V AH0 N
eight EY1 T
nine N AY1 N
ten T EH1 N
eleven IH0 L EH1 V AH0 N
twelve T W EH1 L V
thirteen TH ER2 T IY1 N
fourteen F AO2 R T IY1 N
fifteen F IH0 F T IY1 N
sixteen S IH2 K S T IY1 N
seventeen S EH2 V AH0 N T IY1 N
eighteen EY2 T IY1 N
nineteen N AY2 N T IY1 N
twenty T W EH1 N T IY0
thirty TH ER1 T IY0
forty F AO1 R T IY0
fifty F IH1 F T IY0
sixty S IH1 K S T IY0
seventy S EH1 V AH0 N T IY0
eighty EY1 T IY0
ninety N AY1 N T IY0
hundred HH AH1 N D R AH0 D
thousand TH AW1 Z AH0 N D
million M IH1 L Y AH0 N
`;

/** Days of a month are made of these and the tens. */
export const ORDINALS = `
first F ER1 S T
second S EH1 K AH0 N D
third TH ER1 D
fourth F AO1 R TH
fifth F IH1 F TH
sixth S IH1 K S TH
seventh S EH1 V AH0 N TH
eighth EY1 T TH
ninth N AY1 N TH
tenth T EH1 N TH
eleventh IH0 L EH1 V AH0 N TH
twelfth T W EH1 L F TH
thirteenth TH ER2 T IY1 N TH
fourteenth F AO2 R T IY1 N TH
fifteenth F IH0 F T IY1 N TH
sixteenth S IH2 K S T IY1 N TH
seventeenth S EH2 V AH0 N T IY1 N TH
eighteenth EY2 T IY1 N TH
nineteenth N AY2 N T IY1 N TH
twentieth T W EH1 N T IY0 AH0 TH
thirtieth TH ER1 T IY0 AH0 TH
`;

/** Nouns and adjectives whose consonants crowd together. */
export const CLUSTER_NOUNS = `
asterisk AE1 S T ER0 IH0 S K
breadth B R EH1 D TH
chrysanthemum K R AH0 S AE1 N TH AH0 M AH0 M
crisp K R IH1 S P
desk D EH1 S K
eighth EY1 T TH
fifth F IH1 F TH
glimpse G L IH1 M P S
length L EH1 NG K TH
month M AH1 N TH
sphinx S F IH1 NG K S
script S K R IH1 P T
sculptor S K AH1 L P T ER0
sixth S IH1 K S TH
splint S P L IH1 N T
sprint S P R IH1 N T
squint S K W IH1 N T
strength S T R EH1 NG K TH
string S T R IH1 NG
strudel S T R UW1 D AH0 L
texture T EH1 K S CH ER0
thrust TH R AH1 S T
twelfth T W EH1 L F TH
width W IH1 D TH
wasp W AA1 S P
`;

export const CLUSTER_ADJECTIVES = `
abrupt AH0 B R AH1 P T
crisp K R IH1 S P
distinct D IH0 S T IH1 NG K T
extra EH1 K S T R AH0
instant IH1 N S T AH0 N T
prompt P R AA1 M P T
scratched S K R AE1 CH T
splendid S P L EH1 N D AH0 D
sprawling S P R AO1 L IH0 NG
squashed S K W AA1 SH T
strict S T R IH1 K T
stretched S T R EH1 CH T
thrifty TH R IH1 F T IY0
twisted T W IH1 S T AH0 D
`;

export const CLUSTER_VERBS = `
clasp K L AE1 S P
crunch K R AH1 N CH
grasp G R AE1 S P
scratch S K R AE1 CH
scrub S K R AH1 B
shrink SH R IH1 NG K | shrank SH R AE1 NG K
splash S P L AE1 SH
spray S P R EY1
squeeze S K W IY1 Z
strap S T R AE1 P
stretch S T R EH1 CH
twist T W IH1 S T
`;

/** Pairs of one sound's difference, in one line each. */
export const MINIMAL_PAIRS = `
ship SH IH1 P / sheep SH IY1 P
bit B IH1 T / beat B IY1 T
pen P EH1 N / pan P AE1 N
bed B EH1 D / bad B AE1 D
cat K AE1 T / cut K AH1 T
cot K AA1 T / cat K AE1 T
pull P UH1 L / pool P UW1 L
full F UH1 L / fool F UW1 L
pin P IH1 N / bin B IH1 N
pat P AE1 T / bat B AE1 T
tin T IH1 N / din D IH1 N
coat K OW1 T / goat G OW1 T
fan F AE1 N / van V AE1 N
sip S IH1 P / zip Z IH1 P
thin TH IH1 N / sin S IH1 N
think TH IH1 NG K / sink S IH1 NG K
then DH EH1 N / den D EH1 N
three TH R IY1 / tree T R IY1
light L AY1 T / right R AY1 T
lead L IY1 D / read R IY1 D
chin CH IH1 N / shin SH IH1 N
cheap CH IY1 P / jeep JH IY1 P
win W IH1 N / wing W IH1 NG
sun S AH1 N / sung S AH1 NG
cap K AE1 P / cab K AE1 B
seat S IY1 T / seed S IY1 D
lock L AA1 K / log L AA1 G
boat B OW1 T / bought B AO1 T
ten T EH1 N / tin T IH1 N
bell B EH1 L / ball B AO1 L
rice R AY1 S / rise R AY1 Z
face F EY1 S / vase V EY1 S
mouse M AW1 S / mouth M AW1 TH
day D EY1 / they DH EY1
`;
