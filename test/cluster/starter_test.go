package cluster_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gloo-operator/gloo-operator/test/cluster"
)

// starterVariable makes the test binary start a cluster instead of testing: "detached" or "bound".
const starterVariable = "CLUSTER_TEST_STARTER"

// actAsStarter starts a cluster in the folder given as argument, says so, and waits for its end.
func actAsStarter() {
	_, err := cluster.Start(context.Background(), cluster.Options{
		Dir: os.Args[1], Nodes: 1, Detach: os.Getenv(starterVariable) == "detached", Log: os.Stdout,
	})
	fmt.Println("started:", err)
	select {}
}

// killedStarter runs until its output has a line with the given text, and is then killed.
func killedStarter(ctx context.Context, kind, dir, when string) {
	GinkgoHelper()
	starter := exec.CommandContext(ctx, os.Args[0], dir)
	starter.Env = append(os.Environ(), starterVariable+"="+kind)
	out, err := starter.StdoutPipe()
	Expect(err).NotTo(HaveOccurred())
	Expect(starter.Start()).To(Succeed())
	lines := bufio.NewScanner(out)
	for found := false; !found; found, _ = ContainSubstring(when).Match(lines.Text()) {
		Expect(lines.Scan()).To(BeTrue(), "the starter ended")
		fmt.Fprintln(GinkgoWriter, lines.Text())
	}
	Expect(starter.Process.Kill()).To(Succeed())
	_ = starter.Wait() // it was killed
}

func running(dir string) func() int {
	return func() int {
		for _, found := range cluster.List() {
			if found.Dir == dir {
				return found.Running
			}
		}
		return 0
	}
}

var _ = Describe("When the starter of a cluster is killed", func() {
	var dir string
	BeforeEach(func() {
		dir = filepath.Join(GinkgoT().TempDir(), "state")
		DeferCleanup(func() error { return cluster.Down(dir) })
	})

	It("dies with it", func(ctx context.Context) {
		killedStarter(ctx, "bound", dir, "started: <nil>")
		Eventually(running(dir)).Should(BeZero())
		Expect(cluster.Down(dir)).To(Succeed())
		Expect(dir).NotTo(BeAnExistingFile())
	})

	It("lives on if detached, can be opened, and is brought down", func(ctx context.Context) {
		killedStarter(ctx, "detached", dir, "started: <nil>")
		Expect(running(dir)()).To(Equal(len(cluster.Processes())))

		opened, err := cluster.Open(dir)
		Expect(err).NotTo(HaveOccurred())
		Expect(opened.Process(cluster.APIServer).Kill()).To(Succeed())
		Expect(opened.Process(cluster.APIServer).Start(ctx)).To(Succeed())
		_, err = clientOf(opened, "tests").CoreV1().Nodes().Get(ctx, "node-1", metav1.GetOptions{})
		Expect(err).NotTo(HaveOccurred())

		Expect(cluster.Down(dir)).To(Succeed())
		Expect(running(dir)()).To(BeZero())
		Expect(dir).NotTo(BeAnExistingFile())
	})

	It("leaves nothing behind after down, even if it was not done", func(ctx context.Context) {
		killedStarter(ctx, "detached", dir, "etcd ready")
		Expect(running(dir)()).To(BeNumerically(">=", 1))
		Expect(cluster.Down(dir)).To(Succeed())
		Consistently(running(dir), "500ms").Should(BeZero())
		Expect(dir).NotTo(BeAnExistingFile())
	})
})
