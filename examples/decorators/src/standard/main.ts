import { printTour } from '../tour.ts';
import { LeadService } from './lead-service.ts';

await printTour(LeadService);
