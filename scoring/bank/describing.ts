/** Adjectives, adverbs and the small words that hold a sentence together. */
export const ADJECTIVES = `
ancient EY1 N CH AH0 N T
angry AE1 NG G R IY0
beautiful B Y UW1 T AH0 F AH0 L
big B IH1 G
bitter B IH1 T ER0
black B L AE1 K
blue B L UW1
brave B R EY1 V
bright B R AY1 T
broken B R OW1 K AH0 N
brown B R AW1 N
busy B IH1 Z IY0
calm K AA1 M
careful K EH1 R F AH0 L
cheap CH IY1 P
clever K L EH1 V ER0
cold K OW1 L D
curious K Y UH1 R IY0 AH0 S
dark D AA1 R K
deep D IY1 P
delicate D EH1 L AH0 K AH0 T
different D IH1 F R AH0 N T
dirty D ER1 T IY0
dry D R AY1
dull D AH1 L
early ER1 L IY0
easy IY1 Z IY0
elegant EH1 L AH0 G AH0 N T
empty EH1 M P T IY0
enormous IH0 N AO1 R M AH0 S
expensive IH0 K S P EH1 N S IH0 V
familiar F AH0 M IH1 L Y ER0
famous F EY1 M AH0 S
fancy F AE1 N S IY0
fast F AE1 S T
favorite F EY1 V ER0 IH0 T
foreign F AO1 R AH0 N
fragile F R AE1 JH AH0 L
fresh F R EH1 SH
friendly F R EH1 N D L IY0
funny F AH1 N IY0
gentle JH EH1 N T AH0 L
golden G OW1 L D AH0 N
good G UH1 D
gray G R EY1
green G R IY1 N
happy HH AE1 P IY0
heavy HH EH1 V IY0
honest AA1 N AH0 S T
huge HH Y UW1 JH
hungry HH AH1 NG G R IY0
important IH0 M P AO1 R T AH0 N T
large L AA1 R JH
lazy L EY1 Z IY0
little L IH1 T AH0 L
lonely L OW1 N L IY0
long L AO1 NG
loud L AW1 D
lovely L AH1 V L IY0
lucky L AH1 K IY0
modern M AA1 D ER0 N
mysterious M IH0 S T IH1 R IY0 AH0 S
narrow N EH1 R OW0
new N UW1
noisy N OY1 Z IY0
old OW1 L D
ordinary AO1 R D AH0 N EH2 R IY0
pale P EY1 L
patient P EY1 SH AH0 N T
perfect P ER1 F IH0 K T
pink P IH1 NG K
plain P L EY1 N
polite P AH0 L AY1 T
popular P AA1 P Y AH0 L ER0
proud P R AW1 D
purple P ER1 P AH0 L
quick K W IH1 K
quiet K W AY1 AH0 T
rare R EH1 R
red R EH1 D
rich R IH1 CH
round R AW1 N D
rusty R AH1 S T IY0
sad S AE1 D
secret S IY1 K R AH0 T
serious S IH1 R IY0 AH0 S
shallow SH AE1 L OW0
sharp SH AA1 R P
shiny SH AY1 N IY0
silent S AY1 L AH0 N T
simple S IH1 M P AH0 L
sleepy S L IY1 P IY0
small S M AO1 L
smooth S M UW1 DH
soft S AO1 F T
special S P EH1 SH AH0 L
square S K W EH1 R
strange S T R EY1 N JH
strong S T R AO1 NG
sudden S AH1 D AH0 N
sweet S W IY1 T
tall T AO1 L
thick TH IH1 K
thin TH IH1 N
tiny T AY1 N IY0
tired T AY1 ER0 D
ugly AH1 G L IY0
usual Y UW1 ZH AH0 W AH0 L
warm W AO1 R M
weak W IY1 K
wet W EH1 T
white W AY1 T
wide W AY1 D
wild W AY1 L D
wise W AY1 Z
wooden W UH1 D AH0 N
yellow Y EH1 L OW0
young Y AH1 NG
alert AH0 L ER1 T
awkward AO1 K W ER0 D
blank B L AE1 NG K
clumsy K L AH1 M Z IY0
crooked K R UH1 K AH0 D
damp D AE1 M P
dusty D AH1 S T IY0
eager IY1 G ER0
faint F EY1 N T
fierce F IH1 R S
generous JH EH1 N ER0 AH0 S
graceful G R EY1 S F AH0 L
harmless HH AA1 R M L AH0 S
hollow HH AA1 L OW0
humble HH AH1 M B AH0 L
jealous JH EH1 L AH0 S
jolly JH AA1 L IY0
loyal L OY1 AH0 L
mild M AY1 L D
modest M AA1 D AH0 S T
muddy M AH1 D IY0
nervous N ER1 V AH0 S
orderly AO1 R D ER0 L IY0
playful P L EY1 F AH0 L
pleasant P L EH1 Z AH0 N T
precious P R EH1 SH AH0 S
rapid R AE1 P AH0 D
ripe R AY1 P
rough R AH1 F
rude R UW1 D
shaggy SH AE1 G IY0
sleek S L IY1 K
slender S L EH1 N D ER0
sour S AW1 ER0
steady S T EH1 D IY0
steep S T IY1 P
sticky S T IH1 K IY0
stubborn S T AH1 B ER0 N
tidy T AY1 D IY0
vague V EY1 G
vivid V IH1 V AH0 D
`;

export const MANNERS = `
again AH0 G EH1 N
alone AH0 L OW1 N
badly B AE1 D L IY0
bravely B R EY1 V L IY0
calmly K AA1 M L IY0
carefully K EH1 R F AH0 L IY0
easily IY1 Z AH0 L IY0
eagerly IY1 G ER0 L IY0
gently JH EH1 N T L IY0
happily HH AE1 P AH0 L IY0
loudly L AW1 D L IY0
neatly N IY1 T L IY0
nervously N ER1 V AH0 S L IY0
politely P AH0 L AY1 T L IY0
proudly P R AW1 D L IY0
quickly K W IH1 K L IY0
quietly K W AY1 AH0 T L IY0
rapidly R AE1 P AH0 D L IY0
secretly S IY1 K R AH0 T L IY0
slowly S L OW1 L IY0
softly S AO1 F T L IY0
suddenly S AH1 D AH0 N L IY0
together T AH0 G EH1 DH ER0
warmly W AO1 R M L IY0
`;

export const TIMES = `
today T AH0 D EY1
tomorrow T AH0 M AA1 R OW0
yesterday Y EH1 S T ER0 D EY2
tonight T AH0 N AY1 T
early ER1 L IY0
later L EY1 T ER0
often AO1 F AH0 N
always AO1 L W EY0 Z
once W AH1 N S
twice T W AY1 S
soon S UW1 N
never N EH1 V ER0
sometimes S AH1 M T AY2 M Z
`;

export const DAYS = `
Monday M AH1 N D EY2
Tuesday T UW1 Z D EY2
Wednesday W EH1 N Z D EY2
Thursday TH ER1 Z D EY2
Friday F R AY1 D EY2
Saturday S AE1 T ER0 D EY2
Sunday S AH1 N D EY2
`;

export const MONTHS = `
January JH AE1 N Y UW0 EH2 R IY0
February F EH1 B R UW0 EH2 R IY0
March M AA1 R CH
April EY1 P R AH0 L
May M EY1
June JH UW1 N
July JH AH0 L AY1
August AO1 G AH0 S T
September S EH0 P T EH1 M B ER0
October AA0 K T OW1 B ER0
November N OW0 V EH1 M B ER0
December D IH0 S EH1 M B ER0
`;

export const PREPOSITIONS = `
above AH0 B AH1 V
across AH0 K R AO1 S
around ER0 AW1 N D
behind B IH0 HH AY1 N D
below B IH0 L OW1
beside B IH0 S AY1 D
beyond B IH0 AA1 N D
in IH0 N
inside IH0 N S AY1 D
near N IH1 R
outside AW1 T S AY2 D
past P AE1 S T
through TH R UW1
toward T AH0 W AO1 R D
under AH1 N D ER0
`;

export const INTERJECTIONS = `
goodness G UH1 D N AH0 S
look L UH1 K
hooray HH UH0 R EY1
listen L IH1 S AH0 N
no N OW1
oh OW1
please P L IY1 Z
really R IH1 L IY0
sorry S AA1 R IY0
wait W EY1 T
well W EH1 L
wonderful W AH1 N D ER0 F AH0 L
yes Y EH1 S
`;

export const SMALL = `
a AH0
an AE0 N
and AH0 N D
are AA1 R
asked AE1 S K T
at AE1 T
because B IH0 K AO1 Z
before B IH0 F AO1 R
but B AH1 T
by B AY1
can K AE1 N
cost K AO1 S T
could K UH1 D
did D IH1 D
do D UW1
each IY1 CH
every EH1 V ER0 IY0
first F ER1 S T
five F AY1 V
for F AO1 R
from F R AH1 M
had HH AE1 D
has HH AE1 Z
have HH AE1 V
he HH IY1
her HH ER1
his HH IH1 Z
how HH AW1
I AY1
if IH1 F
is IH1 Z
it IH1 T
just JH AH1 S T
many M EH1 N IY0
meters M IY1 T ER0 Z
miles M AY1 L Z
minutes M IH1 N AH0 T S
more M AO1 R
much M AH1 CH
my M AY1
not N AA1 T
now N AW1
number N AH1 M B ER0
of AH1 V
on AA1 N
or AO1 R
our AW1 ER0
page P EY1 JH
people P IY1 P AH0 L
point P OY1 N T
really R IH1 L IY0
said S EH1 D
say S EY1
see S IY1
she SH IY1
should SH UH1 D
so S OW1
some S AH1 M
still S T IH1 L
than DH AE1 N
that DH AE1 T
the DH AH0
their DH EH1 R
then DH EH1 N
there DH EH1 R
they DH EY1
this DH IH1 S
to T UW1
very V EH1 R IY0
was W AA1 Z
we W IY1
were W ER1
what W AH1 T
when W EH1 N
where W EH1 R
which W IH1 CH
while W AY1 L
who HH UW1
why W AY1
will W IH1 L
with W IH1 DH
word W ER1 D
would W UH1 D
you Y UW1
your Y AO1 R
dollars D AA1 L ER0 Z
`;
