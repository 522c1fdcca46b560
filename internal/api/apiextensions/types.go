package apiextensions

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Object is a CustomResourceDefinition: a kind that users add.
type Object struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty" protobuf:"bytes,1,opt,name=metadata"`

	Spec   Spec   `json:"spec" protobuf:"bytes,2,opt,name=spec"`
	Status Status `json:"status,omitempty" protobuf:"bytes,3,opt,name=status"`
}

// Spec says what the kind is called and in which versions it comes.
type Spec struct {
	Group                 string      `json:"group" protobuf:"bytes,1,opt,name=group"`
	Names                 Names       `json:"names" protobuf:"bytes,3,opt,name=names"`
	Scope                 string      `json:"scope" protobuf:"bytes,4,opt,name=scope"`
	Versions              []Version   `json:"versions" protobuf:"bytes,7,rep,name=versions"`
	Conversion            *Conversion `json:"conversion,omitempty" protobuf:"bytes,9,opt,name=conversion"`
	PreserveUnknownFields bool        `json:"preserveUnknownFields,omitempty" protobuf:"varint,10,opt,name=preserveUnknownFields"`
}

// Scopes of a kind.
const (
	ClusterScoped   = "Cluster"
	NamespaceScoped = "Namespaced"
)

// Names are what the kind is called where.
type Names struct {
	Plural     string   `json:"plural" protobuf:"bytes,1,opt,name=plural"`
	Singular   string   `json:"singular,omitempty" protobuf:"bytes,2,opt,name=singular"`
	ShortNames []string `json:"shortNames,omitempty" protobuf:"bytes,3,opt,name=shortNames"`
	Kind       string   `json:"kind" protobuf:"bytes,4,opt,name=kind"`
	ListKind   string   `json:"listKind,omitempty" protobuf:"bytes,5,opt,name=listKind"`
	Categories []string `json:"categories,omitempty" protobuf:"bytes,6,rep,name=categories"`
}

// Version is the kind in one version.
type Version struct {
	Name                     string            `json:"name" protobuf:"bytes,1,opt,name=name"`
	Served                   bool              `json:"served" protobuf:"varint,2,opt,name=served"`
	Storage                  bool              `json:"storage" protobuf:"varint,3,opt,name=storage"`
	Deprecated               bool              `json:"deprecated,omitempty" protobuf:"varint,7,opt,name=deprecated"`
	DeprecationWarning       *string           `json:"deprecationWarning,omitempty" protobuf:"bytes,8,opt,name=deprecationWarning"`
	Schema                   *Validation       `json:"schema,omitempty" protobuf:"bytes,4,opt,name=schema"`
	Subresources             *Subresources     `json:"subresources,omitempty" protobuf:"bytes,5,opt,name=subresources"`
	AdditionalPrinterColumns []Column          `json:"additionalPrinterColumns,omitempty" protobuf:"bytes,6,rep,name=additionalPrinterColumns"`
	SelectableFields         []SelectableField `json:"selectableFields,omitempty" protobuf:"bytes,9,rep,name=selectableFields"`
}

// Validation holds the schema of a version.
type Validation struct {
	OpenAPIV3Schema *Schema `json:"openAPIV3Schema,omitempty" protobuf:"bytes,1,opt,name=openAPIV3Schema"`
}

// Subresources of a version.
type Subresources struct {
	Status *SubresourceStatus `json:"status,omitempty" protobuf:"bytes,1,opt,name=status"`
	Scale  *SubresourceScale  `json:"scale,omitempty" protobuf:"bytes,2,opt,name=scale"`
}

// SubresourceStatus is there or not; it has nothing to say.
type SubresourceStatus struct{}

// SubresourceScale says where the numbers of the scale subresource are.
type SubresourceScale struct {
	SpecReplicasPath   string  `json:"specReplicasPath" protobuf:"bytes,1,opt,name=specReplicasPath"`
	StatusReplicasPath string  `json:"statusReplicasPath" protobuf:"bytes,2,opt,name=statusReplicasPath"`
	LabelSelectorPath  *string `json:"labelSelectorPath,omitempty" protobuf:"bytes,3,opt,name=labelSelectorPath"`
}

// Column is one that kubectl get prints.
type Column struct {
	Name        string `json:"name" protobuf:"bytes,1,opt,name=name"`
	Type        string `json:"type" protobuf:"bytes,2,opt,name=type"`
	Format      string `json:"format,omitempty" protobuf:"bytes,3,opt,name=format"`
	Description string `json:"description,omitempty" protobuf:"bytes,4,opt,name=description"`
	Priority    int32  `json:"priority,omitempty" protobuf:"bytes,5,opt,name=priority"`
	JSONPath    string `json:"jsonPath" protobuf:"bytes,6,opt,name=jsonPath"`
}

// SelectableField is one that field selectors may name.
type SelectableField struct {
	JSONPath string `json:"jsonPath" protobuf:"bytes,1,opt,name=jsonPath"`
}

// Conversion says how objects are turned from one version into another.
type Conversion struct {
	Strategy string             `json:"strategy" protobuf:"bytes,1,opt,name=strategy"`
	Webhook  *WebhookConversion `json:"webhook,omitempty" protobuf:"bytes,2,opt,name=webhook"`
}

// Strategies of conversion.
const (
	NoneConverter    = "None"
	WebhookConverter = "Webhook"
)

// WebhookConversion says whom to call.
type WebhookConversion struct {
	ClientConfig             *WebhookClientConfig `json:"clientConfig,omitempty" protobuf:"bytes,2,opt,name=clientConfig"`
	ConversionReviewVersions []string             `json:"conversionReviewVersions" protobuf:"bytes,3,rep,name=conversionReviewVersions"`
}

// WebhookClientConfig says where the webhook is.
type WebhookClientConfig struct {
	URL      *string           `json:"url,omitempty" protobuf:"bytes,3,opt,name=url"`
	Service  *ServiceReference `json:"service,omitempty" protobuf:"bytes,1,opt,name=service"`
	CABundle []byte            `json:"caBundle,omitempty" protobuf:"bytes,2,opt,name=caBundle"`
}

// ServiceReference names the Service in front of the webhook.
type ServiceReference struct {
	Namespace string  `json:"namespace" protobuf:"bytes,1,opt,name=namespace"`
	Name      string  `json:"name" protobuf:"bytes,2,opt,name=name"`
	Path      *string `json:"path,omitempty" protobuf:"bytes,3,opt,name=path"`
	Port      *int32  `json:"port,omitempty" protobuf:"varint,4,opt,name=port"`
}

// Status says whether the kind is served, and what was ever stored.
type Status struct {
	Conditions         []Condition `json:"conditions" protobuf:"bytes,1,rep,name=conditions"`
	AcceptedNames      Names       `json:"acceptedNames" protobuf:"bytes,2,opt,name=acceptedNames"`
	StoredVersions     []string    `json:"storedVersions" protobuf:"bytes,3,rep,name=storedVersions"`
	ObservedGeneration int64       `json:"observedGeneration,omitempty" protobuf:"varint,4,opt,name=observedGeneration"`
}

// Condition is one of the status.
type Condition struct {
	Type               string      `json:"type" protobuf:"bytes,1,opt,name=type"`
	Status             string      `json:"status" protobuf:"bytes,2,opt,name=status"`
	LastTransitionTime metav1.Time `json:"lastTransitionTime,omitempty" protobuf:"bytes,3,opt,name=lastTransitionTime"`
	Reason             string      `json:"reason,omitempty" protobuf:"bytes,4,opt,name=reason"`
	Message            string      `json:"message,omitempty" protobuf:"bytes,5,opt,name=message"`
	ObservedGeneration int64       `json:"observedGeneration,omitempty" protobuf:"varint,6,opt,name=observedGeneration"`
}

// Established is the condition that says whether the kind is served.
const Established = "Established"

// List is a list of CustomResourceDefinitions.
type List struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty" protobuf:"bytes,1,opt,name=metadata"`

	Items []Object `json:"items" protobuf:"bytes,2,rep,name=items"`
}
