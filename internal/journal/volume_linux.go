package journal

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// networked are the magic numbers (statfs(2), linux/magic.h and the file systems' own
// sources) of what several machines may have mounted at the same time.
var networked = map[uint32]bool{
	0x6969: true, 0x517B: true, 0xFF534D42: true, 0xFE534D42: true, // NFS, SMB, CIFS, SMB 2
	0x00C36400: true, 0x01021997: true, 0x5346414F: true, 0x73757245: true, // Ceph, 9P, AFS, Coda
	0x7461636F: true, 0x01161970: true, 0x0BD00BD0: true, 0x47504653: true, // OCFS2, GFS2, Lustre, GPFS
	0x19830326: true, 0xAAD7AAEA: true, 0x65735546: true, // BeeGFS, PanFS, FUSE (GlusterFS, s3fs, sshfs)
}

// OnSharedVolume reports whether a directory, or the nearest one above it that exists,
// lies on a volume that other machines may use at the same time.
func OnSharedVolume(dir string) bool {
	for {
		var s unix.Statfs_t
		err := unix.Statfs(dir, &s)
		if err == nil {
			return networked[uint32(s.Type)] //nolint:gosec // 32 bits on every machine
		}
		up := filepath.Dir(dir)
		if !errors.Is(err, os.ErrNotExist) || up == dir {
			return false
		}
		dir = up
	}
}
