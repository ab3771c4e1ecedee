// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"net/http"
	"time"
)

// dump is of what ztunnel tells of itself on its admin port what the stand-in knows too:
// GET /config_dump, in the words that `istioctl ztunnel-config` reads, for which see
// istioctl/pkg/writer/ztunnel/configdump in istio.io/istio.
type dump struct {
	Certificates []certificateState `json:"certificates"`
	// WorkloadState has the pods that the node agent has announced, by UID.
	WorkloadState map[string]workloadState `json:"workloadState"`
}

type certificateState struct {
	Identity  string             `json:"identity"`
	State     string             `json:"state"`
	CertChain []certificateDates `json:"certChain"`
}

type certificateDates struct {
	ExpirationTime time.Time `json:"expirationTime"`
}

type workloadState struct {
	State string       `json:"state"`
	Info  workloadInfo `json:"info"`
}

type workloadInfo struct {
	Name           string `json:"name"`
	Namespace      string `json:"namespace"`
	ServiceAccount string `json:"serviceAccount"`
}

// dump puts it so.
func (k Known) dump() dump {
	d := dump{Certificates: []certificateState{}, WorkloadState: map[string]workloadState{}}
	for identity, expires := range k.Certificates {
		d.Certificates = append(d.Certificates, certificateState{
			Identity: identity, State: "Available", CertChain: []certificateDates{{expires}},
		})
	}
	for uid, w := range k.Workloads {
		d.WorkloadState[uid] = workloadState{State: "Up", Info: workloadInfo{w.Name, w.Namespace, w.ServiceAccount}}
	}
	return d
}

// admin answers on the admin port.
func (s *state) admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /config_dump", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.known().dump()) // who asked is gone
	})
	return mux
}
