using Broadcast.Media;
using Broadcast.Storage.Spooling;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broadcast.Storage.Integrity;

/// <summary>What became of a spool's files.</summary>
/// <param name="Uploaded">How many the store has now.</param>
/// <param name="Left">How many it has not.</param>
/// <param name="Problem">Why not, in words; <see langword="null"/> where nothing is left.</param>
public sealed record SpoolDelivered(long Uploaded, int Left, string? Problem);

/// <summary>Takes to the store what a server that does not run any more left in its spool, and deletes there what it had still to delete.</summary>
public static class SpoolDelivery
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    /// <summary>How long nothing may happen: after that, what is left does not go.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Uploads. What a killed process was still writing stays: the server cuts it to what was announced, at its next start.</summary>
    /// <exception cref="IOException">A server runs on the folder, or it cannot be used.</exception>
    public static async Task<SpoolDelivered> RunAsync(DataFolder data, IObjectStore store, SpoolOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var own = new SpoolOptions { MaxBytes = options.MaxBytes, Uploads = options.Uploads, MemoryBytes = 0, HotBytes = 0, RecoverySeconds = 0 };
        using var spool = new Spool(Path.Combine(data.Path, "spool"), store, own, time, NullLogger<Spool>.Instance);
        var before = spool.Status().WaitingFiles;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = spool.RunAsync(stop.Token);
        try
        {
            var (status, last, since) = (spool.Status(), (-1L, -1), time.GetTimestamp());
            while (status.WaitingFiles + status.PendingDeletions > 0 && status.Fault is null && time.GetElapsedTime(since) < Patience)
            {
                if (last != (status.Uploads, status.PendingDeletions))
                {
                    (last, since) = ((status.Uploads, status.PendingDeletions), time.GetTimestamp());
                }

                await Task.Delay(Look, time, cancellationToken);
                status = spool.Status();
            }

            return new SpoolDelivered(
                before - status.WaitingFiles, status.WaitingFiles,
                status.WaitingFiles == 0 ? null : status.Problem ?? "the store has other objects under their names, or their bytes are not those that were written");
        }
        finally
        {
            await stop.CancelAsync();
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            spool.NoteWhatIsLeft();
        }
    }
}
