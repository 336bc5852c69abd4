/** What was asked cannot be done now; the message says why. */
export class Refused extends Error {}
