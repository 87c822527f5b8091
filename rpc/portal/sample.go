package portal

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/portico-vco/portico/rpc"
)

// samplesFile is what was heard in conversations; TestConversations writes it anew with -update.
//
//go:embed samples.json
var samplesFile []byte

// Samples are those of all methods: for each a call that was answered in a test, without its secrets, and the errors that it
// answers.
func Samples() map[string]rpc.Sample {
	var all map[string]rpc.Sample
	if err := json.Unmarshal(samplesFile, &all); err != nil {
		panic(fmt.Sprintf("portal: samples.json: %v", err)) // a programmer's mistake
	}
	return all
}
