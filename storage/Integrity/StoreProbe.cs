using System.Security.Cryptography;
using Broadcast.Media;
using Broadcast.Media.Storage;

namespace Broadcast.Storage.Integrity;

/// <summary>One step of a store test.</summary>
/// <param name="Name"><c>write</c>, <c>keep</c>, <c>read</c>, <c>list</c> or <c>delete</c>.</param>
/// <param name="Duration">Duration of the step.</param>
/// <param name="Error">Error and remedy; <see langword="null"/> on success.</param>
public sealed record StoreProbeStep(string Name, TimeSpan Duration, string? Error);

/// <summary>
/// Tests an object store by using it: writes one small object under <see cref="Folder"/>, checks that a second write cannot overwrite it
/// and that of simultaneous writes of another one exactly one succeeds, reads, lists and deletes it. Servers that share a bucket depend on
/// that: each file of a journal has one writer.
/// </summary>
public static class StoreProbe
{
    /// <summary>Folder of the temporary test object, used for nothing else.</summary>
    public const string Folder = "doctor/";

    private const int Length = 4096;

    /// <summary>Number of simultaneous writes of one object.</summary>
    private const int Writers = 4;

    private const string UseAnother = "Use one with conditional writes: AWS S3, MinIO, Ceph, Garage, R2.";

    private static readonly TimeSpan TestTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RemovalTimeout = TimeSpan.FromSeconds(20);

    /// <summary>Runs the steps until one fails, then removes the object. Throws only when canceled.</summary>
    /// <param name="store">The object store.</param>
    /// <param name="time">The time provider; the test takes at most one minute.</param>
    /// <param name="cancellationToken">Cancels the test; the object is still removed if possible.</param>
    public static async Task<IReadOnlyList<StoreProbeStep>> RunAsync(IObjectStore store, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var name = ObjectName.Parse($"{Folder}{Guid.NewGuid():N}");
        var contested = ObjectName.Parse($"{name.Value}-contested");
        var bytes = RandomNumberGenerator.GetBytes(Length);
        var steps = new List<StoreProbeStep>();
        using var limit = new CancellationTokenSource(TestTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var token = either.Token;
        (string Name, Func<Task<string?>> Try)[] all =
        [
            ("write", async () => await store.PutAsync(name, bytes, PutCondition.CreateOnly, token) ? null
                : "The store reports an existing object under a new random name. Do not use this store."),
            ("keep", async () => await store.PutAsync(name, RandomNumberGenerator.GetBytes(Length), PutCondition.CreateOnly, token)
                ? $"The store overwrites objects despite If-None-Match. {UseAnother}" : await ContestAsync(store, contested, token)),
            ("read", async () => await ReadAsync(store, name, bytes, token) ? null
                : "The bytes read differ from the bytes written. Do not use this store."),
            ("list", async () => await ListsAsync(store, name, token) ? null
                : "The store does not list a new object. Use one with consistent listings, and allow the key to list (s3:ListBucket)."),
            ("delete", async () =>
            {
                await store.DeleteAsync([name, contested], token);
                return await store.FindAsync(name, token) is null && await store.FindAsync(contested, token) is null ? null
                    : "The object still exists after its deletion.";
            }),
        ];
        try
        {
            foreach (var (step, attempt) in all)
            {
                var start = time.GetTimestamp();
                var error = await RunStepAsync(attempt, cancellationToken);
                steps.Add(new(step, time.GetElapsedTime(start), error));
                if (error is not null)
                {
                    break;
                }
            }
        }
        finally
        {
            if (steps.Count < all.Length || steps[^1].Error is not null)
            {
                await RemoveAsync(store, [name, contested], time);
            }
        }

        return steps;
    }

    private static async Task<string?> RunStepAsync(Func<Task<string?>> attempt, CancellationToken cancellationToken)
    {
        try
        {
            return await attempt();
        }
        catch (ObjectStoreException e)
        {
            return e.Message;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"The store did not answer within {TestTimeout.TotalSeconds:0} s. Check that it is running and reachable from this "
                + "server.";
        }
    }

    private static async Task<bool> ReadAsync(IObjectStore store, ObjectName name, byte[] bytes, CancellationToken cancellationToken)
    {
        await using var content = await store.OpenAsync(name, 0, null, cancellationToken);
        var read = new byte[bytes.Length];
        return content is not null && content.Length == bytes.Length
            && await content.Stream.ReadAtLeastAsync(read, read.Length, throwOnEndOfStream: false, cancellationToken) == read.Length
            && read.AsSpan().SequenceEqual(bytes);
    }

    private static async Task<bool> ListsAsync(IObjectStore store, ObjectName name, CancellationToken cancellationToken)
    {
        await foreach (var found in store.ListAsync(name.Value, cancellationToken))
        {
            if (found.Name == name && found.Length == Length)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Writes different bytes under one name at the same time. The store must accept exactly one, and keep its bytes.</summary>
    private static async Task<string?> ContestAsync(IObjectStore store, ObjectName name, CancellationToken cancellationToken)
    {
        var contents = Enumerable.Range(0, Writers).Select(_ => RandomNumberGenerator.GetBytes(Length)).ToList();
        var accepted = await Task.WhenAll(contents.Select(content =>
            store.PutAsync(name, content, PutCondition.CreateOnly, cancellationToken)));
        return accepted.Count(isAccepted => isAccepted) is not 1 and var count
            ? $"The store accepts {count} of {Writers} simultaneous writes of one object despite If-None-Match, so that two servers would "
                + $"overwrite each other. {UseAnother}"
            : await ReadAsync(store, name, contents[Array.IndexOf(accepted, true)], cancellationToken) ? null
            : $"The store keeps the bytes of a write that it refused. {UseAnother}";
    }

    private static async Task RemoveAsync(IObjectStore store, ObjectName[] names, TimeProvider time)
    {
        using var limit = new CancellationTokenSource(RemovalTimeout, time);
        try
        {
            await store.DeleteAsync(names, limit.Token);
        }
        catch (Exception e) when (e is ObjectStoreException or OperationCanceledException)
        {
            // The deletion failed, which was reported, or the object was never written.
        }
    }
}
