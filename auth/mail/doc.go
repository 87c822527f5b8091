// Package mail owns the letters that the portal sends, and their lives. It must not know SMTP, nor what a letter is about.
//
// # The life of a letter
//
//	QUEUED --try--> QUEUED      QUEUED --retry--> QUEUED
//	QUEUED --send--> SENT       QUEUED --give up--> DEAD      QUEUED --drop--> DROPPED
//
// A letter is queued in the transaction of the change that wants it, so there is never the one without the other. Its body
// is sealed, and removed when the letter leaves QUEUED: nothing of it is left then.
//
// # The way of a letter
//
//	Queue            in somebody's Update; Wake after it
//	Run              one goroutine
//	└─ Deliver       every letter that is due, a few at once, those never tried first
//	   ├─ claim      one Update: is it still wanted, and where to? Then this try is counted, and the next one set, before anything is sent
//	   ├─ Carrier    hands it over, or says why not
//	   └─ settle     one Update: sent, dead, or left for the next try
//
// A portal that is killed between claim and settle sends the letter again at the next try, under the same Message-ID: at
// least once. But before each try those who queued it are asked whether it is still wanted, so a link that was used in
// the meantime is not mailed again.
//
// A dead letter cannot be sent again, because its body is gone; whoever wanted it asks for a new one.
package mail
