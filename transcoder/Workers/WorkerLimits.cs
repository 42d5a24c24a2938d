namespace Broadcast.Transcoder.Workers;

/// <summary>What a worker may use. There is no limit on processor time: a worker lives as long as its broadcast.</summary>
/// <param name="OpenFiles">File descriptors.</param>
/// <param name="FileBytes">Bytes of the largest file it may write; a worker has sockets and pipes only, which do not count, but ffmpeg may be somebody's script that notes something.</param>
/// <param name="DataBytes">Bytes of memory of its own; <see langword="null"/> for no limit.</param>
/// <param name="KeepsUser">Whether it runs as our user in any case: it reads files of ours, or opens the kernel's devices, which belong to a group that only our user may be in.</param>
internal sealed record WorkerLimits(int OpenFiles, long FileBytes, long? DataBytes, bool KeepsUser)
{
    private const long Gibibyte = 1L << 30;

    /// <summary>
    /// Decoding and encoding with the processor. Its memory is reasoned, not measured: four rungs of a 4K source should take about 1 GiB, and each thread adds its stack and its pictures, so that more processors need more. A picture
    /// that is made to use up memory ends its worker, and not the server.
    /// </summary>
    public static WorkerLimits Processor { get; } = new(OpenFiles: 256, FileBytes: 64 << 10, (4 * Gibibyte) + (Environment.ProcessorCount * Gibibyte / 4), KeepsUser: false);

    /// <summary>The same for what also reads files of ours.</summary>
    public static WorkerLimits Reader { get; } = Processor with { KeepsUser = true };

    /// <summary>Decoding and encoding with a GPU: drivers map its memory and more into the process, open many devices, and keep what they compile in files.</summary>
    public static WorkerLimits Hardware { get; } = new(OpenFiles: 1024, FileBytes: Gibibyte / 4, DataBytes: null, KeepsUser: true);
}
