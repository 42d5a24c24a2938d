using System.Security.Cryptography;
using Broadcast.Host.Commands;
using Broadcast.Media;
using Broadcast.Storage;

namespace Broadcast.Host.Diagnosis;

/// <summary>Proves database and object store by using them.</summary>
internal static class StoreCheck
{
    public static async Task<Check> DatabaseAsync(DataFolder data, IConfiguration configuration, CancellationToken cancellationToken)
    {
        var kind = Store.Options(configuration).ConnectionString is null ? "private server in the data folder" : "configured server";
        try
        {
            await using var database = await Store.OpenAsync(data, cancellationToken);
            await using var command = database.Source.CreateCommand("SHOW server_version");
            return new Check("database", Finding.Good, $"PostgreSQL {await command.ExecuteScalarAsync(cancellationToken)}, {kind}");
        }
        catch (Exception e) when (e is Control.ControlException or Npgsql.NpgsqlException)
        {
            return new Check("database", Finding.Bad, $"{kind} cannot be used", e.Message);
        }
    }

    public static async Task<Check> ObjectsAsync(DataFolder data, IConfiguration configuration, TimeProvider time, CancellationToken cancellationToken)
    {
        var options = configuration.GetSection(StorageOptions.Section).Get<StorageOptions>() ?? new StorageOptions();
        var kind = options.Bucket is null ? $"disk, {Path.Combine(data.Path, "objects")}" : $"bucket {options.Bucket} at {options.Endpoint ?? "AWS"}";
        var name = ObjectName.Parse($"doctor/{Guid.NewGuid():N}");
        var bytes = RandomNumberGenerator.GetBytes(4096);
        try
        {
            var store = StorageModule.CreateStore(options, data, time);
            using var disposal = store as IDisposable;
            await store.PutAsync(name, bytes, PutCondition.CreateOnly, cancellationToken);
            var refused = !await store.PutAsync(name, bytes, PutCondition.CreateOnly, cancellationToken);
            await using (var content = await store.OpenAsync(name, 0, null, cancellationToken))
            {
                var read = new byte[bytes.Length];
                if (content is null || content.Length != bytes.Length || await content.Stream.ReadAtLeastAsync(read, read.Length, throwOnEndOfStream: false, cancellationToken) != read.Length || !read.AsSpan().SequenceEqual(bytes))
                {
                    return new Check("storage", Finding.Bad, $"{kind}: what was written is not what is read back", "Do not use this store.");
                }
            }

            await store.DeleteAsync([name], cancellationToken);
            return refused
                ? new Check("storage", Finding.Good, $"{kind}: writes, reads, refuses to overwrite, deletes")
                : new Check("storage", Finding.Bad, $"{kind}: lets objects be overwritten although asked not to (If-None-Match)", "Use a store with conditional writes: AWS S3, MinIO, Ceph, Garage, R2.");
        }
        catch (ObjectStoreException e)
        {
            return new Check("storage", Finding.Bad, kind, e.Message);
        }
    }
}
