package etcd

// WatchAnew ends the watch, so that another is begun.
func (e *Engine) WatchAnew() { e.watchAnew() }
