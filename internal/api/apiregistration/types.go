package apiregistration

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/tagproto"
)

// GroupVersion of the kinds. Their types are not in k8s.io/api; those of the
// aggregator would bring its server along.
var GroupVersion = schema.GroupVersion{Group: "apiregistration.k8s.io", Version: "v1"}

// Object is an APIService: who answers one group and version.
type Object struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty" protobuf:"bytes,1,opt,name=metadata"`

	Spec   Spec   `json:"spec,omitempty" protobuf:"bytes,2,opt,name=spec"`
	Status Status `json:"status,omitempty" protobuf:"bytes,3,opt,name=status"`
}

// Spec says who answers, and in which order versions are preferred.
type Spec struct {
	// Service is nil for what this API server answers itself.
	Service               *ServiceReference `json:"service,omitempty" protobuf:"bytes,1,opt,name=service"`
	Group                 string            `json:"group,omitempty" protobuf:"bytes,2,opt,name=group"`
	Version               string            `json:"version,omitempty" protobuf:"bytes,3,opt,name=version"`
	InsecureSkipTLSVerify bool              `json:"insecureSkipTLSVerify,omitempty" protobuf:"varint,4,opt,name=insecureSkipTLSVerify"`
	CABundle              []byte            `json:"caBundle,omitempty" protobuf:"bytes,5,opt,name=caBundle"`
	GroupPriorityMinimum  int32             `json:"groupPriorityMinimum" protobuf:"varint,7,opt,name=groupPriorityMinimum"`
	VersionPriority       int32             `json:"versionPriority" protobuf:"varint,8,opt,name=versionPriority"`
}

// ServiceReference names the Service in front of the server.
type ServiceReference struct {
	Namespace string `json:"namespace,omitempty" protobuf:"bytes,1,opt,name=namespace"`
	Name      string `json:"name,omitempty" protobuf:"bytes,2,opt,name=name"`
	Port      *int32 `json:"port,omitempty" protobuf:"varint,3,opt,name=port"`
}

// Status says whether the server can be reached.
type Status struct {
	Conditions []Condition `json:"conditions,omitempty" patchStrategy:"merge" patchMergeKey:"type" protobuf:"bytes,1,rep,name=conditions"`
}

// Condition is one of the status; the one there is is Available.
type Condition struct {
	Type               string      `json:"type" protobuf:"bytes,1,opt,name=type"`
	Status             string      `json:"status" protobuf:"bytes,2,opt,name=status"`
	LastTransitionTime metav1.Time `json:"lastTransitionTime,omitempty" protobuf:"bytes,3,opt,name=lastTransitionTime"`
	Reason             string      `json:"reason,omitempty" protobuf:"bytes,4,opt,name=reason"`
	Message            string      `json:"message,omitempty" protobuf:"bytes,5,opt,name=message"`
}

// List is a list of APIServices.
type List struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty" protobuf:"bytes,1,opt,name=metadata"`

	Items []Object `json:"items" protobuf:"bytes,2,rep,name=items"`
}

// AddToScheme makes the types known under their kinds.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypeWithName(GroupVersion.WithKind("APIService"), &Object{})
	s.AddKnownTypeWithName(GroupVersion.WithKind("APIServiceList"), &List{})
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}

// OpenAPIModelName is the name of the type's schema.
func (Object) OpenAPIModelName() string {
	return "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService"
}

// OpenAPIModelName is the name of the type's schema.
func (List) OpenAPIModelName() string {
	return "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceList"
}

// DeepCopy copies all that an Object points to.
func (o *Object) DeepCopy() *Object {
	out := *o
	out.ObjectMeta = *o.ObjectMeta.DeepCopy()
	if s := o.Spec.Service; s != nil {
		service := *s
		if s.Port != nil {
			port := *s.Port
			service.Port = &port
		}
		out.Spec.Service = &service
	}
	out.Spec.CABundle = append([]byte(nil), o.Spec.CABundle...)
	out.Status.Conditions = append([]Condition(nil), o.Status.Conditions...)
	return &out
}

// DeepCopyObject implements runtime.Object.
func (o *Object) DeepCopyObject() runtime.Object { return o.DeepCopy() }

// DeepCopyObject implements runtime.Object.
func (l *List) DeepCopyObject() runtime.Object {
	out := *l
	out.ListMeta = *l.ListMeta.DeepCopy()
	out.Items = make([]Object, len(l.Items))
	for i := range l.Items {
		out.Items[i] = *l.Items[i].DeepCopy()
	}
	return &out
}

// Reset empties the object, as the protobuf decoder wants it.
func (o *Object) Reset() { *o = Object{} }

// Marshal is the object's protobuf message.
func (o *Object) Marshal() ([]byte, error) { return tagproto.Marshal(o) }

// MarshalTo and its kin are what the store and the codec call.
func (o *Object) MarshalTo(b []byte) (int, error) {
	data, err := o.Marshal()
	return copy(b, data), err
}

// Size is the length of the message.
func (o *Object) Size() int {
	data, err := o.Marshal()
	if err != nil {
		panic(err) // the type has a form for all its fields; a test encodes each
	}
	return len(data)
}

// MarshalToSizedBuffer writes the message to the end of b.
func (o *Object) MarshalToSizedBuffer(b []byte) (int, error) {
	data, err := o.Marshal()
	if err != nil || len(data) > len(b) {
		return 0, err
	}
	return copy(b[len(b)-len(data):], data), nil
}

// Unmarshal reads a message.
func (o *Object) Unmarshal(data []byte) error { return tagproto.Unmarshal(data, o) }
