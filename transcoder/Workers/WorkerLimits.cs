namespace Broadcast.Transcoder.Workers;

/// <summary>Resource limits of a worker. Processor time is unlimited: a worker runs as long as its session.</summary>
/// <param name="OpenFiles">Maximum file descriptors.</param>
/// <param name="FileBytes">
/// Maximum size of a written file, in bytes. Workers use only sockets and pipes, which do not count, but ffmpeg may be a wrapper script
/// that writes a log.
/// </param>
/// <param name="DataBytes">Maximum private memory in bytes; <see langword="null"/> for no limit.</param>
/// <param name="KeepsUser">
/// Whether the worker keeps the server's user, because it reads the server's files or opens devices of a group that only this user may be
/// in.
/// </param>
internal sealed record WorkerLimits(int OpenFiles, long FileBytes, long? DataBytes, bool KeepsUser)
{
    private const long Gibibyte = 1L << 30;

    /// <summary>
    /// Software decoding and encoding. The memory limit is estimated, not measured: four rungs of a 4K source should take about 1 GiB, and
    /// each thread adds its stack and frames. A frame crafted to exhaust memory kills its worker, not the server.
    /// </summary>
    public static WorkerLimits Software { get; } =
        new(OpenFiles: 256, FileBytes: 64 << 10, (4 * Gibibyte) + (Environment.ProcessorCount * Gibibyte / 4), KeepsUser: false);

    /// <summary>The same limits for a worker that also reads files of the server.</summary>
    public static WorkerLimits Reader { get; } = Software with { KeepsUser = true };

    /// <summary>
    /// GPU decoding and encoding: drivers map GPU memory into the process, open many devices, and cache compiled code in files.
    /// </summary>
    public static WorkerLimits Hardware { get; } = new(OpenFiles: 1024, FileBytes: Gibibyte / 4, DataBytes: null, KeepsUser: true);
}
