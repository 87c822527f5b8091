// Package envoy holds the recipe for Envoy against Envoy's own definitions, in a module of its own for what that takes. Envoy itself is
// no package of Debian's; where it is installed, the recipe is run with the others.
package envoy
