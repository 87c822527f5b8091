// What the portal says of a call that it refuses, in the user's language. It says it in English, one phrase for each reason; those
// that people meet here are known. Of others its own words are shown.
import { t } from './i18n.js';

// Phrases and the texts in their place. What stands in the parentheses is {1}, {2} there.
const known = [
  [/^is required$/, 'required'],
  [/^differs from password$/, 'differs'],
  [/^has fewer than (\d+) characters$/, 'fewer'],
  [/^has more than (\d+) characters$/, 'more'],
  [/^has more than \d+ bytes$/, 'long'],
  [/^has control characters in it$/, 'control'],
  [/^begins or ends with white space, or is broken over lines$/, 'space'],
  [/^has characters that a username cannot have \(RFC 8265\)$/, 'characters'],
  [/^is reserved$/, 'reserved'],
  [/^is not an e-mail address$/, 'email'],
  [/^is not a mail address$/, 'email'],
  [/^is not a telephone number$/, 'telephone'],
  [/^is missing or wrong$/, 'password'],
  [/^was used before$/, 'before'],
  [/^is one of the most common passwords$/, 'common'],
  [/^has no number$/, 'number'],
  [/^has no lower case letter$/, 'lower'],
  [/^has no upper case letter$/, 'upper'],
  [/^has no special character$/, 'special'],
  [/^repeats a character more than (\d+) times$/, 'repeats'],
  [/^has a sequence of more than (\d+) characters$/, 'sequence'],
  [/^has (\d+) characters of the username in a row$/, 'resembles'],
  [/^differs from the password before in fewer than (\d+) characters$/, 'variation'],
  [/^is wrong$/, 'wrong'],
  [/^is unknown, used, or no longer good$/, 'link'],
  [/^is longer than the portal allows \(\d+\)$/, 'lifetime'],
  [/^is not between (\d+) and (\d+)$/, 'between'],
  [/^is not of type (\w+)$/, 'type'],
  [/^is not allowed for (\S+): (.*)$/, 'value'],
  [/^names no role and no privilege$/, 'scope'],
  [/^need one of global settings$/, 'settings'],
  [/^must be 1 to \d+$/, 'some'],
  [/^is false, and the authentication mode is NATIVE$/, 'native'],
  [/^is not one of this portal's$/, 'method'],
  [/^has other characters than letters, digits, dashes and dots$/, 'domain'],
  [/^the username (.*) is taken$/s, 'username'],
  [/^the name (.*) is taken$/s, 'taken'],
  [/^an? [a-z ]+ named (.*) exists$/s, 'taken'],
  [/^a living API token of the user is named (.*)$/s, 'token'],
  [/^the client id (.*) is taken, or was: none is given twice$/s, 'client'],
  [/^there is a credential for the username (.*)$/s, 'credential'],
  [/^the role (.*) is that of (\d+) users$/s, 'role'],
  [/^partner (.*) owns enterprises \((\d+) of them\)$/s, 'partner'],
  [/^(.*) is the last active superuser of the tenant$/s, 'last'],
  [/^nobody deletes himself$/, 'himself'],
  [/^the user is not active$/, 'inactive'],
  [/^the user (.*) is not active$/s, 'inactive'],
  [/^the user has no e-mail address, and his username is none$/, 'address'],
  [/^the password of a non-native user cannot be changed$/, 'elsewhere'],
  [/^the role of a non-native user cannot be changed$/, 'elsewhere.role'],
  [/^the user has (\d+) living API tokens, the most there may be/, 'tokens'],
  [/^to use a credential takes a share in it; to administrate it is not enough$/, 'share'],
  [/^the use of credentials is switched off$/, 'off'],
  [/^the login is not good; nothing was changed$/, 'login'],
  [/^who could say whether the login is good does not answer; nothing was changed$/, 'verifier'],
  [/^no verifier is configured/, 'verifier.none'],
  [/^the organisation grants the app something already$/, 'granted'],
  [/^the app is the organisation's own, and acts in it by its scope$/, 'own'],
  [/^a rotation is under way: two secrets live; end it first$/, 'rotation'],
  [/^the privilege of a superuser is required to (?:change|delete) a superuser/, 'superuser'],
  [/^the privilege to grant the role \[(.*)\] is above your own role/s, 'above'],
  [/^privilege (.*) is required for method/s, 'privilege'],
  [/^roles are not customized here/, 'capability'],
  [/^is not allowed for (\S+)$/, 'value.bare'],
  [/^lack what the policy of the organisation asks for: (.*)$/, 'lacks'],
  [/(?:^"(.*)" )?is neither an address nor a network$/, 'source'],
  [/(?:^"(.*)" )?is so broad that it limits nothing$/, 'broad'],
  [/come again in (\d+) seconds$/, 'again'],
];

// inWords is a phrase of the portal in the user's language; undefined if it is not known.
export function inWords(phrase) {
  for (const [pattern, key] of known) {
    const m = pattern.exec(phrase);
    if (m) return t(`refused.${key}`, { ...m });
  }
  return undefined;
}
