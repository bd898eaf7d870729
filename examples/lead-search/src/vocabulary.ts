/** What the made-up leads are made of: enough variety for searches to differ, plain enough to read. */

export const INDUSTRIES = {
  Automotive: ['electric drivetrains', 'spare parts logistics', 'dealer financing', 'battery recycling'],
  Biotech: ['gene therapy', 'clinical trials', 'lab automation', 'protein screening'],
  Construction: ['modular housing', 'site safety', 'concrete supply', 'building permits'],
  Cybersecurity: ['zero trust access', 'incident response', 'penetration testing', 'identity management'],
  Education: ['online courses', 'student retention', 'teacher training', 'campus software'],
  Energy: ['solar parks', 'grid storage', 'heat pumps', 'wind maintenance'],
  Fintech: ['instant payments', 'fraud detection', 'open banking', 'card issuing'],
  'Food and Beverage': ['cold chain', 'plant based protein', 'bottling lines', 'restaurant supply'],
  Healthcare: ['patient records', 'telemedicine', 'hospital staffing', 'medical imaging'],
  Insurance: ['claims automation', 'risk modelling', 'fleet policies', 'cyber cover'],
  Logistics: ['last mile delivery', 'warehouse robots', 'customs clearance', 'route planning'],
  Manufacturing: ['predictive maintenance', 'machine vision', 'injection moulding', 'quality control'],
  Media: ['video streaming', 'podcast advertising', 'rights management', 'newsletter growth'],
  'Real Estate': ['tenant portals', 'office leasing', 'property valuation', 'smart buildings'],
  Retail: ['loyalty programmes', 'self checkout', 'demand forecasting', 'online returns'],
  Software: ['developer tooling', 'billing platforms', 'cloud migration', 'machine learning'],
  Telecom: ['fibre rollout', 'private networks', 'churn analysis', 'satellite links'],
  Travel: ['hotel booking', 'airport lounges', 'group tours', 'expense reports'],
} as const satisfies Record<string, readonly string[]>;

export type Industry = keyof typeof INDUSTRIES;
export const INDUSTRY_NAMES = Object.keys(INDUSTRIES) as Industry[];

export const COUNTRIES = {
  Australia: ['Sydney', 'Melbourne', 'Brisbane', 'Perth'],
  Brazil: ['São Paulo', 'Rio de Janeiro', 'Curitiba', 'Recife'],
  Canada: ['Toronto', 'Montreal', 'Vancouver', 'Calgary'],
  France: ['Paris', 'Lyon', 'Toulouse', 'Nantes'],
  Germany: ['Berlin', 'Hamburg', 'Munich', 'Leipzig'],
  India: ['Bengaluru', 'Mumbai', 'Pune', 'Hyderabad'],
  Ireland: ['Dublin', 'Cork', 'Galway', 'Limerick'],
  Japan: ['Tokyo', 'Osaka', 'Nagoya', 'Fukuoka'],
  Netherlands: ['Amsterdam', 'Rotterdam', 'Utrecht', 'Eindhoven'],
  Poland: ['Warsaw', 'Kraków', 'Wrocław', 'Gdańsk'],
  Spain: ['Madrid', 'Barcelona', 'Valencia', 'Bilbao'],
  Sweden: ['Stockholm', 'Gothenburg', 'Malmö', 'Uppsala'],
  'United Kingdom': ['London', 'Manchester', 'Bristol', 'Edinburgh'],
  'United States': ['New York', 'Austin', 'Chicago', 'Seattle', 'Denver', 'Boston'],
} as const satisfies Record<string, readonly string[]>;

export type Country = keyof typeof COUNTRIES;
export const COUNTRY_NAMES = Object.keys(COUNTRIES) as Country[];

export const RANKS = ['Head of', 'Director of', 'VP', 'Manager,', 'Chief of', 'Senior Manager,', 'Lead,'] as const;

export const DEPARTMENTS = [
  'Engineering',
  'Finance',
  'Growth',
  'Marketing',
  'Operations',
  'Partnerships',
  'Procurement',
  'Product',
  'Research',
  'Sales',
] as const;

export const SIGNALS = [
  'Asked for a demo of',
  'Downloaded the paper on',
  'Met at a fair, interested in',
  'Compares vendors for',
  'Has budget this year for',
  'Was referred by a customer using us for',
  'Opened three mails about',
] as const;

export const NEXT_STEPS = [
  'Call back after the quarter closes.',
  'Wants a price for the whole group.',
  'Needs a security review first.',
  'Sent the case study, waiting for an answer.',
  'Pilot with one team is possible.',
  'Decision is taken by the board in spring.',
] as const;
