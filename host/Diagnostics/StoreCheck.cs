using Broadcast.Control;
using Broadcast.Control.Secrets;
using Broadcast.Database;
using Broadcast.Host.Commands;
using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage;
using Broadcast.Storage.Integrity;

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
        catch (Exception e) when (e is OperationException or Npgsql.NpgsqlException or StartException)
        {
            return new Check("database", CheckOutcome.Bad, $"{kind} cannot be used", e.Message);
        }
    }

    /// <summary>Checks the keys that encrypt stream keys; <see langword="null"/> while the database cannot be used.</summary>
    public static async Task<Check?> SecretKeysAsync(DataFolder data, IConfiguration configuration, CancellationToken cancellationToken)
    {
        try
        {
            var control = configuration.GetSection(ControlOptions.Section).Get<ControlOptions>() ?? new ControlOptions();
            var secrets = new SecretProtector(data, () => control.SecretKeyList);
            await using var database = await CommandDatabase.OpenAsync(data, cancellationToken);
            var problem = await SecretKeyCheck.FindUnreadableAsync(database, secrets, cancellationToken)
                ?? await SecretKeyCheck.FindSeparateAsync(database, secrets, cancellationToken);
            return problem is null ? new Check("secret keys", CheckOutcome.Good, "all stream keys of targets can be decrypted")
                : new Check("secret keys", CheckOutcome.Warning, problem.Observed, problem.Remedy);
        }
        catch (Exception e) when (e is OperationException or Npgsql.NpgsqlException or StartException)
        {
            return null;
        }
    }

    public static async Task<Check> ObjectsAsync(DataFolder data, IConfiguration configuration, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var options = configuration.GetSection(StorageOptions.Section).Get<StorageOptions>() ?? new StorageOptions();
        var kind = options.Bucket is null ? $"disk, {Path.Combine(data.Path, "objects")}"
            : $"bucket {options.Bucket} at {options.Endpoint ?? "AWS"}";
        try
        {
            var store = StorageModule.CreateStore(options, data, time);
            using var disposal = store as IDisposable;
            return await ObjectsAsync(store, kind, time, cancellationToken);
        }
        catch (ObjectStoreException e)
        {
            return new Check("storage", CheckOutcome.Bad, kind, e.Message);
        }
    }

    internal static async Task<Check> ObjectsAsync(IObjectStore store, string kind, TimeProvider time, CancellationToken cancellationToken)
    {
        var failed = (await StoreProbe.RunAsync(store, time, cancellationToken)).FirstOrDefault(step => step.Error is not null);
        return failed is null ? new Check("storage", CheckOutcome.Good, $"{kind}: write, conditional write, read, list and delete work")
            : new Check("storage", CheckOutcome.Bad, $"{kind}: '{failed.Name}' failed", failed.Error);
    }
}
