package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/report"
)

const examples = "../../docs/examples"

// job is what the manifest of docs/examples uses of a Job (batch/v1). Anything else in
// it, such as a misspelt field, is an error of the decoder.
type job struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct{ Name string }
	Spec       struct {
		CompletionMode       string `yaml:"completionMode"`
		Completions          int
		Parallelism          int
		BackoffLimitPerIndex int `yaml:"backoffLimitPerIndex"`
		MaxFailedIndexes     int `yaml:"maxFailedIndexes"`
		PodFailurePolicy     struct {
			Rules []struct {
				Action          string
				OnExitCodes     *exitCodes                      `yaml:"onExitCodes"`
				OnPodConditions []struct{ Type, Status string } `yaml:"onPodConditions"`
			}
		} `yaml:"podFailurePolicy"`
		Template struct {
			Spec struct {
				RestartPolicy                 string         `yaml:"restartPolicy"`
				TerminationGracePeriodSeconds int            `yaml:"terminationGracePeriodSeconds"`
				SecurityContext               map[string]any `yaml:"securityContext"`
				Containers                    []container
				Volumes                       []struct {
					Name                  string
					ConfigMap             *struct{ Name string } `yaml:"configMap"`
					PersistentVolumeClaim *struct {
						ClaimName string `yaml:"claimName"`
					} `yaml:"persistentVolumeClaim"`
					Secret *struct {
						SecretName  string `yaml:"secretName"`
						DefaultMode int    `yaml:"defaultMode"`
					}
					EmptyDir *struct{} `yaml:"emptyDir"`
				}
			}
		}
	}
}

type exitCodes struct {
	ContainerName string `yaml:"containerName"`
	Operator      string
	Values        []int
}

type container struct {
	Name, Image     string
	Args            []string
	Env             []struct{ Name, Value string }
	Resources       struct{ Requests, Limits map[string]string }
	SecurityContext map[string]any `yaml:"securityContext"`
	VolumeMounts    []struct {
		Name      string
		MountPath string `yaml:"mountPath"`
		ReadOnly  bool   `yaml:"readOnly"`
	} `yaml:"volumeMounts"`
}

func TestKubernetesJob(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(examples, "kubernetes-job.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	var j job
	if err := d.Decode(&j); err != nil {
		t.Fatal(err)
	}
	s := &j.Spec
	pod := &s.Template.Spec
	if j.APIVersion != "batch/v1" || j.Kind != "Job" || s.CompletionMode != "Indexed" || pod.RestartPolicy != "Never" || s.BackoffLimitPerIndex < 1 {
		// The policy on failures needs Never, that on an index needs Indexed.
		t.Errorf("%+v", j)
	}
	c := pod.Containers[0]
	for _, r := range s.PodFailurePolicy.Rules {
		if !slices.Contains([]string{"Ignore", "FailJob", "FailIndex", "Count"}, r.Action) || (r.OnExitCodes == nil) == (len(r.OnPodConditions) == 0) {
			t.Errorf("%+v", r)
		}
		if x := r.OnExitCodes; x != nil {
			if x.ContainerName != c.Name || x.Operator != "In" || !slices.IsSorted(x.Values) {
				t.Errorf("%+v", x)
			}
			for _, code := range x.Values {
				if report.ExitText(code) == "EXIT_UNKNOWN" || slices.Contains([]int{event.ExitErrors, event.ExitPidFile, event.ExitLeaseOver}, code) {
					t.Errorf("%s for exit code %d", r.Action, code)
				}
			}
		}
	}
	volumes := make(map[string]bool)
	for _, v := range pod.Volumes {
		volumes[v.Name] = true
	}
	for _, m := range c.VolumeMounts {
		if !volumes[m.Name] {
			t.Errorf("no volume %q", m.Name)
		}
	}
	if c.Resources.Limits["memory"] == "" || c.Resources.Requests["cpu"] == "" {
		t.Error("no resources")
	}
	environ := []string{"JOB_COMPLETION_INDEX=" + strconv.Itoa(s.Completions-1)}
	for _, e := range c.Env {
		environ = append(environ, e.Name+"="+e.Value)
	}
	_, out := cli.Parse(cli.Input{Args: c.Args, Environ: environ, Now: time.Unix(1e9, 0)})
	if out.Batch == nil || out.Batch.Shard != (cli.Shard{Index: s.Completions - 1, Count: s.Completions}) {
		t.Errorf("the arguments: %+v", out)
	}
}

// The scripts of docs/examples name options that exist.
func TestExampleScripts(t *testing.T) {
	for _, name := range []string{"parallel.sh", "slurm.sh"} {
		path := filepath.Join(examples, name)
		if bash, err := exec.LookPath("bash"); err == nil {
			if said, err := exec.Command(bash, "-n", path).CombinedOutput(); err != nil {
				t.Errorf("%s: %s", name, said)
			}
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		i := strings.Index(string(data), `batch "$LIST"`)
		line, _, _ := strings.Cut(string(data)[i:], `"$@"`)
		args := strings.Fields(strings.NewReplacer(`"`, "", "$LIST", "list.csv", "{}/$PARTS", "2/8", "$OUT", "out").Replace(line))
		_, out := cli.Parse(cli.Input{Args: args, Environ: []string{"SLURM_ARRAY_TASK_ID=3", "SLURM_ARRAY_TASK_COUNT=8", "SLURM_ARRAY_TASK_MIN=0"}, Now: time.Unix(1e9, 0)})
		if out.Batch == nil || out.Batch.Shard.Count != 8 || out.Batch.Out != "out" {
			t.Errorf("%s: %q: %+v", name, args, out)
		}
	}
}
