package apiserver

import (
	"net/http"
	"os"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// logs lists the files of a directory at /logs/, and shows one at /logs/NAME,
// to those who may read the paths. No link leads out of the directory.
func logs(dir string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "logs can only be read", http.StatusMethodNotAllowed)
			return
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			WriteError(w, r, apierrors.NewInternalError(err))
			return
		}
		defer root.Close()
		http.StripPrefix("/logs/", http.FileServerFS(root.FS())).ServeHTTP(w, r)
	})
}
