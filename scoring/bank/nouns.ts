/** Count nouns: a word and its sounds per line. Irregular plurals stand after a bar. */
export const THINGS = `
anchor AE1 NG K ER0
arrow AE1 R OW0
axe AE1 K S
bag B AE1 G
ball B AO1 L
banner B AE1 N ER0
barrel B EH1 R AH0 L
basket B AE1 S K AH0 T
bell B EH1 L
bench B EH1 N CH
bicycle B AY1 S IH0 K AH0 L
blanket B L AE1 NG K AH0 T
board B AO1 R D
boat B OW1 T
book B UH1 K
boot B UW1 T
bottle B AA1 T AH0 L
bowl B OW1 L
box B AA1 K S
bridge B R IH1 JH
brush B R AH1 SH
bucket B AH1 K AH0 T
button B AH1 T AH0 N
cabin K AE1 B AH0 N
cable K EY1 B AH0 L
camera K AE1 M ER0 AH0
candle K AE1 N D AH0 L
card K AA1 R D
carpet K AA1 R P AH0 T
cart K AA1 R T
chain CH EY1 N
chair CH EH1 R
clock K L AA1 K
coat K OW1 T
coin K OY1 N
cup K AH1 P
curtain K ER1 T AH0 N
desk D EH1 S K
door D AO1 R
drum D R AH1 M
engine EH1 N JH AH0 N
envelope EH1 N V AH0 L OW2 P
feather F EH1 DH ER0
fence F EH1 N S
flag F L AE1 G
flower F L AW1 ER0
fork F AO1 R K
garden G AA1 R D AH0 N
gate G EY1 T
glove G L AH1 V
guitar G IH0 T AA1 R
hammer HH AE1 M ER0
hat HH AE1 T
helmet HH EH1 L M AH0 T
jacket JH AE1 K AH0 T
jar JH AA1 R
kettle K EH1 T AH0 L
key K IY1
kite K AY1 T
knife N AY1 F | knives N AY1 V Z
ladder L AE1 D ER0
lamp L AE1 M P
lantern L AE1 N T ER0 N
leaf L IY1 F | leaves L IY1 V Z
letter L EH1 T ER0
machine M AH0 SH IY1 N
magnet M AE1 G N AH0 T
map M AE1 P
mirror M IH1 R ER0
motor M OW1 T ER0
needle N IY1 D AH0 L
notebook N OW1 T B UH2 K
painting P EY1 N T IH0 NG
paper P EY1 P ER0
pencil P EH1 N S AH0 L
piano P IY0 AE1 N OW0
picture P IH1 K CH ER0
pillow P IH1 L OW0
pipe P AY1 P
plate P L EY1 T
pocket P AA1 K AH0 T
poem P OW1 AH0 M
radio R EY1 D IY0 OW2
ribbon R IH1 B AH0 N
ring R IH1 NG
rock R AA1 K
roof R UW1 F
rope R OW1 P
saddle S AE1 D AH0 L
scarf S K AA1 R F | scarves S K AA1 R V Z
screen S K R IY1 N
shelf SH EH1 L F | shelves SH EH1 L V Z
shell SH EH1 L
ship SH IH1 P
shirt SH ER1 T
shoe SH UW1
shovel SH AH1 V AH0 L
signal S IH1 G N AH0 L
sofa S OW1 F AH0
spoon S P UW1 N
stick S T IH1 K
stone S T OW1 N
story S T AO1 R IY0
stove S T OW1 V
suitcase S UW1 T K EY2 S
sweater S W EH1 T ER0
table T EY1 B AH0 L
telephone T EH1 L AH0 F OW2 N
telescope T EH1 L AH0 S K OW2 P
ticket T IH1 K AH0 T
tower T AW1 ER0
toy T OY1
train T R EY1 N
trumpet T R AH1 M P AH0 T
umbrella AH0 M B R EH1 L AH0
violin V AY2 AH0 L IH1 N
wagon W AE1 G AH0 N
wallet W AA1 L AH0 T
watch W AA1 CH
wheel W IY1 L
whistle W IH1 S AH0 L
window W IH1 N D OW0
wire W AY1 ER0
`;

export const PEOPLE = `
actor AE1 K T ER0
artist AA1 R T AH0 S T
aunt AE1 N T
baker B EY1 K ER0
boy B OY1
brother B R AH1 DH ER0
builder B IH1 L D ER0
captain K AE1 P T AH0 N
child CH AY1 L D | children CH IH1 L D R AH0 N
cousin K AH1 Z AH0 N
dancer D AE1 N S ER0
daughter D AO1 T ER0
dentist D EH1 N T AH0 S T
doctor D AA1 K T ER0
driver D R AY1 V ER0
farmer F AA1 R M ER0
father F AA1 DH ER0
friend F R EH1 N D
gardener G AA1 R D AH0 N ER0
girl G ER1 L
grandmother G R AE1 N D M AH2 DH ER0
guest G EH1 S T
hunter HH AH1 N T ER0
judge JH AH1 JH
king K IH1 NG
lawyer L AO1 Y ER0
leader L IY1 D ER0
librarian L AY0 B R EH1 R IY0 AH0 N
man M AE1 N | men M EH1 N
manager M AE1 N AH0 JH ER0
mayor M EY1 ER0
mother M AH1 DH ER0
musician M Y UW0 Z IH1 SH AH0 N
neighbor N EY1 B ER0
nurse N ER1 S
officer AO1 F AH0 S ER0
painter P EY1 N T ER0
pilot P AY1 L AH0 T
player P L EY1 ER0
poet P OW1 AH0 T
queen K W IY1 N
reporter R IH0 P AO1 R T ER0
runner R AH1 N ER0
sailor S EY1 L ER0
scientist S AY1 AH0 N T AH0 S T
singer S IH1 NG ER0
sister S IH1 S T ER0
soldier S OW1 L JH ER0
student S T UW1 D AH0 N T
tailor T EY1 L ER0
teacher T IY1 CH ER0
traveler T R AE1 V AH0 L ER0
uncle AH1 NG K AH0 L
visitor V IH1 Z AH0 T ER0
waiter W EY1 T ER0
woman W UH1 M AH0 N | women W IH1 M AH0 N
worker W ER1 K ER0
writer R AY1 T ER0
`;

export const ANIMALS = `
bear B EH1 R
bee B IY1
bird B ER1 D
butterfly B AH1 T ER0 F L AY2
camel K AE1 M AH0 L
cat K AE1 T
chicken CH IH1 K AH0 N
cow K AW1
crow K R OW1
dog D AO1 G
dolphin D AA1 L F AH0 N
donkey D AO1 NG K IY0
duck D AH1 K
eagle IY1 G AH0 L
elephant EH1 L AH0 F AH0 N T
fox F AA1 K S
frog F R AA1 G
goat G OW1 T
goose G UW1 S | geese G IY1 S
horse HH AO1 R S
kitten K IH1 T AH0 N
lion L AY1 AH0 N
lizard L IH1 Z ER0 D
monkey M AH1 NG K IY0
mouse M AW1 S | mice M AY1 S
owl AW1 L
parrot P EH1 R AH0 T
penguin P EH1 NG G W AH0 N
pig P IH1 G
pony P OW1 N IY0
puppy P AH1 P IY0
rabbit R AE1 B AH0 T
robin R AA1 B AH0 N
seal S IY1 L
shark SH AA1 R K
snake S N EY1 K
spider S P AY1 D ER0
squirrel S K W ER1 AH0 L
swan S W AA1 N
tiger T AY1 G ER0
turtle T ER1 T AH0 L
whale W EY1 L
wolf W UH1 L F | wolves W UH1 L V Z
zebra Z IY1 B R AH0
`;

export const PLACES = `
airport EH1 R P AO2 R T
bakery B EY1 K ER0 IY0
balcony B AE1 L K AH0 N IY0
beach B IY1 CH
castle K AE1 S AH0 L
cave K EY1 V
church CH ER1 CH
city S IH1 T IY0
corner K AO1 R N ER0
cottage K AA1 T AH0 JH
factory F AE1 K T ER0 IY0
farm F AA1 R M
field F IY1 L D
forest F AO1 R AH0 S T
fountain F AW1 N T AH0 N
hall HH AO1 L
harbor HH AA1 R B ER0
hill HH IH1 L
hospital HH AA1 S P IH2 T AH0 L
hotel HH OW0 T EH1 L
house HH AW1 S | houses HH AW1 Z AH0 Z
island AY1 L AH0 N D
kitchen K IH1 CH AH0 N
lake L EY1 K
library L AY1 B R EH2 R IY0
lighthouse L AY1 T HH AW2 S
market M AA1 R K AH0 T
meadow M EH1 D OW0
mountain M AW1 N T AH0 N
museum M Y UW0 Z IY1 AH0 M
office AO1 F AH0 S
palace P AE1 L AH0 S
park P AA1 R K
river R IH1 V ER0
road R OW1 D
room R UW1 M
school S K UW1 L
station S T EY1 SH AH0 N
street S T R IY1 T
studio S T UW1 D IY0 OW2
temple T EH1 M P AH0 L
theater TH IY1 AH0 T ER0
town T AW1 N
tunnel T AH1 N AH0 L
valley V AE1 L IY0
village V IH1 L AH0 JH
yard Y AA1 R D
`;

export const FOODS = `
apple AE1 P AH0 L
banana B AH0 N AE1 N AH0
biscuit B IH1 S K AH0 T
cake K EY1 K
carrot K EH1 R AH0 T
cherry CH EH1 R IY0
cookie K UH1 K IY0
egg EH1 G
grape G R EY1 P
lemon L EH1 M AH0 N
melon M EH1 L AH0 N
muffin M AH1 F AH0 N
mushroom M AH1 SH R UW0 M
olive AA1 L AH0 V
onion AH1 N Y AH0 N
orange AO1 R AH0 N JH
pancake P AE1 N K EY2 K
peach P IY1 CH
pear P EH1 R
pepper P EH1 P ER0
pie P AY1
plum P L AH1 M
potato P AH0 T EY1 T OW2 | potatoes P AH0 T EY1 T OW2 Z
pumpkin P AH1 M P K AH0 N
sandwich S AE1 N D W IH0 CH
sausage S AO1 S AH0 JH
strawberry S T R AO1 B EH2 R IY0
tomato T AH0 M EY1 T OW2 | tomatoes T AH0 M EY1 T OW2 Z
walnut W AO1 L N AH2 T
`;

/** Mass nouns: no plural, "some" or "the" before them. */
export const STUFF = `
bread B R EH1 D
butter B AH1 T ER0
cheese CH IY1 Z
chocolate CH AO1 K L AH0 T
cloth K L AO1 TH
coffee K AO1 F IY0
copper K AA1 P ER0
cotton K AA1 T AH0 N
dust D AH1 S T
flour F L AW1 ER0
glass G L AE1 S
gold G OW1 L D
honey HH AH1 N IY0
ink IH1 NG K
iron AY1 ER0 N
juice JH UW1 S
leather L EH1 DH ER0
milk M IH1 L K
money M AH1 N IY0
mud M AH1 D
music M Y UW1 Z IH0 K
oil OY1 L
paint P EY1 N T
rice R AY1 S
salt S AO1 L T
sand S AE1 N D
silk S IH1 L K
silver S IH1 L V ER0
smoke S M OW1 K
snow S N OW1
soup S UW1 P
sugar SH UH1 G ER0
tea T IY1
water W AO1 T ER0
wheat W IY1 T
wood W UH1 D
wool W UH1 L
`;

export const NAMES = `
Adam AE1 D AH0 M
Alice AE1 L AH0 S
Anna AE1 N AH0
Ben B EH1 N
Carol K EH1 R AH0 L
Clara K L EH1 R AH0
Daniel D AE1 N Y AH0 L
David D EY1 V AH0 D
Emma EH1 M AH0
Frank F R AE1 NG K
George JH AO1 R JH
Grace G R EY1 S
Helen HH EH1 L AH0 N
Henry HH EH1 N R IY0
Jack JH AE1 K
James JH EY1 M Z
Julia JH UW1 L Y AH0
Kate K EY1 T
Laura L AO1 R AH0
Linda L IH1 N D AH0
Lucy L UW1 S IY0
Mark M AA1 R K
Martha M AA1 R TH AH0
Michael M AY1 K AH0 L
Nancy N AE1 N S IY0
Oliver AA1 L AH0 V ER0
Paul P AO1 L
Peter P IY1 T ER0
Robert R AA1 B ER0 T
Rose R OW1 Z
Samuel S AE1 M Y UW0 L
Sarah S EH1 R AH0
Simon S AY1 M AH0 N
Thomas T AA1 M AH0 S
Victor V IH1 K T ER0
William W IH1 L Y AH0 M
`;
