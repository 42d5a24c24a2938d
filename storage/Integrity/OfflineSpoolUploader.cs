using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage.Spooling;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broadcast.Storage.Integrity;

/// <summary>Result of uploading a spool offline.</summary>
/// <param name="Uploaded">Number of uploaded files.</param>
/// <param name="Remaining">Number of remaining files.</param>
/// <param name="Error">Reason that files remain; <see langword="null"/> when none do.</param>
public sealed record SpoolUploadResult(long Uploaded, int Remaining, string? Error);

/// <summary>Uploads the spool of a stopped server to the object store, and carries out its pending deletions.</summary>
public static class OfflineSpoolUploader
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>Uploading stops after this time without progress.</summary>
    private static readonly TimeSpan StallTimeout = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Uploads all sealed files. Open files remain, because the server truncates them to their announced length at its next start.
    /// </summary>
    /// <exception cref="IOException">A server uses the folder, or the folder is inaccessible.</exception>
    public static async Task<SpoolUploadResult> RunAsync(DataFolder data, IObjectStore store, SpoolOptions options, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var uploadOptions = new SpoolOptions { MaxBytes = options.MaxBytes, MaxConcurrentUploads = options.MaxConcurrentUploads,
            MemoryBytes = 0, ObjectCacheBytes = 0, RecoverySeconds = 0 };
        using var spool = new Spool(Path.Combine(data.Path, "spool"), store, uploadOptions, time, NullLogger<Spool>.Instance);
        var before = spool.Status().WaitingFiles;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = spool.RunAsync(stop.Token);
        try
        {
            var (status, last, since) = (spool.Status(), (-1L, -1), time.GetTimestamp());
            while (status.WaitingFiles + status.PendingDeletions > 0 && status.ErrorKind is null
                && time.GetElapsedTime(since) < StallTimeout)
            {
                if (last != (status.Uploads, status.PendingDeletions))
                {
                    (last, since) = ((status.Uploads, status.PendingDeletions), time.GetTimestamp());
                }

                await Task.Delay(PollInterval, time, cancellationToken);
                status = spool.Status();
            }

            return new SpoolUploadResult(
                before - status.WaitingFiles, status.WaitingFiles,
                status.WaitingFiles == 0 ? null : status.ErrorMessage
                ?? "the store has other objects of the same names, or the files are corrupt");
        }
        finally
        {
            await stop.CancelAsync();
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            spool.SavePendingWork();
        }
    }
}
