using System.Security.Cryptography;
using Broadcast.Media;

namespace Broadcast.Storage.Integrity;

/// <summary>One thing that was tried with a store.</summary>
/// <param name="Name"><c>write</c>, <c>keep</c>, <c>read</c>, <c>list</c> or <c>delete</c>.</param>
/// <param name="Took">How long it took.</param>
/// <param name="Problem">What went wrong and what to do; <see langword="null"/> when it worked.</param>
public sealed record StoreProofStep(string Name, TimeSpan Took, string? Problem);

/// <summary>Proves a store by using it: one small object under <see cref="Folder"/> is written, kept against a second writer, read, listed and deleted.</summary>
public static class StoreProof
{
    /// <summary>What is tried out lies here for a moment; nothing else does.</summary>
    public const string Folder = "doctor/";

    private const int Length = 4096;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RemovalPatience = TimeSpan.FromSeconds(20);

    /// <summary>Tries each step, and after one that did not work none but the removal. Only giving up throws.</summary>
    /// <param name="store">The store.</param>
    /// <param name="time">The clock; all of it may take a minute.</param>
    /// <param name="cancellationToken">Gives up; the object is removed all the same, as far as that goes.</param>
    public static async Task<IReadOnlyList<StoreProofStep>> RunAsync(IObjectStore store, TimeProvider time, CancellationToken cancellationToken)
    {
        var name = ObjectName.Parse($"{Folder}{Guid.NewGuid():N}");
        var bytes = RandomNumberGenerator.GetBytes(Length);
        var steps = new List<StoreProofStep>();
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var token = either.Token;
        (string Name, Func<Task<string?>> Try)[] all =
        [
            ("write", async () => await store.PutAsync(name, bytes, PutCondition.CreateOnly, token) ? null : "The store says that an object was there already, which cannot be. Do not use this store."),
            ("keep", async () => await store.PutAsync(name, bytes, PutCondition.CreateOnly, token)
                ? "The store lets objects be overwritten although asked not to (If-None-Match). Use one with conditional writes: AWS S3, MinIO, Ceph, Garage, R2." : null),
            ("read", async () => await ReadAsync(store, name, bytes, token) ? null : "What was written is not what is read back. Do not use this store."),
            ("list", async () => await ListsAsync(store, name, token) ? null : "The store does not list what was written a moment ago. Use one whose lists are up to date at once, and allow the key to list (s3:ListBucket)."),
            ("delete", async () =>
            {
                await store.DeleteAsync([name], token);
                return await store.FindAsync(name, token) is null ? null : "What was deleted is still there.";
            }),
        ];
        try
        {
            foreach (var (step, attempt) in all)
            {
                var begun = time.GetTimestamp();
                var problem = await ProblemAsync(attempt, cancellationToken);
                steps.Add(new(step, time.GetElapsedTime(begun), problem));
                if (problem is not null)
                {
                    break;
                }
            }
        }
        finally
        {
            if (steps.Count < all.Length || steps[^1].Problem is not null)
            {
                await RemoveAsync(store, name, time);
            }
        }

        return steps;
    }

    private static async Task<string?> ProblemAsync(Func<Task<string?>> attempt, CancellationToken cancellationToken)
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
            return $"The store has not answered within {Patience.TotalSeconds:0} s. Look whether it runs and can be reached from here.";
        }
    }

    private static async Task<bool> ReadAsync(IObjectStore store, ObjectName name, byte[] bytes, CancellationToken cancellationToken)
    {
        await using var content = await store.OpenAsync(name, 0, null, cancellationToken);
        var read = new byte[bytes.Length];
        return content is not null && content.Length == bytes.Length
            && await content.Stream.ReadAtLeastAsync(read, read.Length, throwOnEndOfStream: false, cancellationToken) == read.Length && read.AsSpan().SequenceEqual(bytes);
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

    private static async Task RemoveAsync(IObjectStore store, ObjectName name, TimeProvider time)
    {
        using var limit = new CancellationTokenSource(RemovalPatience, time);
        try
        {
            await store.DeleteAsync([name], limit.Token);
        }
        catch (Exception e) when (e is ObjectStoreException or OperationCanceledException)
        {
            // It could not be deleted, which was said, or was perhaps never written.
        }
    }
}
