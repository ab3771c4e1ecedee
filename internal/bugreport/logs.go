// SPDX-License-Identifier: Apache-2.0

package bugreport

import (
	"context"
	"fmt"
	"io"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// addLogs adds the ends of the logs of a pod's containers, those before their last restart too.
func (c *collector) addLogs(ctx context.Context, pod *corev1.Pod) {
	for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if status.State.Running != nil || status.State.Terminated != nil {
			c.addLog(ctx, pod, corev1.PodLogOptions{Container: status.Name})
		}
		if status.RestartCount > 0 {
			c.addLog(ctx, pod, corev1.PodLogOptions{Container: status.Name, Previous: true})
		}
	}
}

func (c *collector) addLog(ctx context.Context, pod *corev1.Pod, options corev1.PodLogOptions) {
	name := fileName(logDirectory, fmt.Sprintf("%s_%s_%s.log", pod.Namespace, pod.Name, options.Container))
	if options.Previous {
		name = fileName(logDirectory, fmt.Sprintf("%s_%s_%s_previous.log", pod.Namespace, pod.Name, options.Container))
	}
	text, more, err := c.readLog(ctx, pod, options)
	if err != nil {
		c.failed("reading "+name, err)
		return
	}
	text = c.scrub(text) // Before it is cut, which may leave a part of a credential.
	kept, cut := lastLines(text, MaxLog)
	if more {
		c.cut("%s: all after %d bytes of its last %d lines", name, maxLogRead, LogLines)
	}
	if cut {
		c.cut("%s: its beginning, %d of %d bytes", name, len(text)-len(kept), len(text))
	}
	c.add(name, []byte(kept))
}

// readLog reads the last lines of a log, and reports whether there is more than it reads.
func (c *collector) readLog(ctx context.Context, pod *corev1.Pod, options corev1.PodLogOptions) (text string, more bool, err error) {
	options.TailLines, options.Timestamps = new(int64), true
	*options.TailLines = LogLines
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	stream, err := c.clientset.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &options).Stream(ctx)
	if err != nil {
		return "", false, err
	}
	defer stream.Close()
	content, err := io.ReadAll(io.LimitReader(stream, maxLogRead+1))
	if len(content) > maxLogRead {
		return string(content[:maxLogRead]), true, err
	}
	return string(content), false, err
}
