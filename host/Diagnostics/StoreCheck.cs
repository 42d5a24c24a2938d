using System.Security.Cryptography;
using Broadcast.Host.Commands;
using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage;

namespace Broadcast.Host.Diagnostics;

/// <summary>Checks database and object store by using them.</summary>
internal static class StoreCheck
{
    public static async Task<Check> DatabaseAsync(DataFolder data, IConfiguration configuration, CancellationToken cancellationToken)
    {
        var kind = CommandDatabase.Options(configuration).ConnectionString is null ? "embedded server in the data folder"
            : "configured server";
        try
        {
            await using var database = await CommandDatabase.OpenAsync(data, cancellationToken);
            await using var command = database.Source.CreateCommand("SHOW server_version");
            return new Check("database", CheckOutcome.Good, $"PostgreSQL {await command.ExecuteScalarAsync(cancellationToken)}, {kind}");
        }
        catch (Exception e) when (e is Broadcast.Control.ControlException or Npgsql.NpgsqlException or StartException)
        {
            return new Check("database", CheckOutcome.Bad, $"{kind} cannot be used", e.Message);
        }
    }

    public static async Task<Check> ObjectsAsync(DataFolder data, IConfiguration configuration, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var options = configuration.GetSection(StorageOptions.Section).Get<StorageOptions>() ?? new StorageOptions();
        var kind = options.Bucket is null ? $"disk, {Path.Combine(data.Path, "objects")}"
            : $"bucket {options.Bucket} at {options.Endpoint ?? "AWS"}";
        var name = ObjectName.Parse($"doctor/{Guid.NewGuid():N}");
        var bytes = RandomNumberGenerator.GetBytes(4096);
        try
        {
            var store = StorageModule.CreateStore(options, data, time);
            using var disposal = store as IDisposable;
            await store.PutAsync(name, bytes, PutCondition.CreateOnly, cancellationToken);
            var rejectsOverwrite = !await store.PutAsync(name, bytes, PutCondition.CreateOnly, cancellationToken);
            await using (var content = await store.OpenAsync(name, 0, null, cancellationToken))
            {
                var read = new byte[bytes.Length];
                if (content is null || content.Length != bytes.Length || await content.Stream.ReadAtLeastAsync(read, read.Length,
                    throwOnEndOfStream: false, cancellationToken) != read.Length || !read.AsSpan().SequenceEqual(bytes))
                {
                    return new Check("storage", CheckOutcome.Bad, $"{kind}: data read back differs from data written",
                        "Use another object store.");
                }
            }

            await store.DeleteAsync([name], cancellationToken);
            return rejectsOverwrite
                ? new Check("storage", CheckOutcome.Good, $"{kind}: write, read, conditional write and delete work")
                : new Check("storage", CheckOutcome.Bad, $"{kind}: ignores conditional writes (If-None-Match) and overwrites objects",
                    "Use an object store with conditional writes: AWS S3, MinIO, Ceph, Garage, R2.");
        }
        catch (ObjectStoreException e)
        {
            return new Check("storage", CheckOutcome.Bad, kind, e.Message);
        }
    }
}
