using System.Diagnostics.Metrics;
using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage.Objects;
using Broadcast.Storage.Spooling;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests;

public sealed class ModuleTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("broadcast-module-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Without_a_bucket_objects_are_files_in_the_data_folder_and_stopping_uploads_everything()
    {
        using (var host = Build())
        {
            await host.StartAsync();
            var file = host.Services.GetRequiredService<ISpool>().Open(ObjectName.Parse("live/a/1"));
            file.Append([new byte[] { 1, 2, 3 }]);
            host.Services.GetRequiredService<SpoolMonitor>().Read().OpenFiles.ShouldBe(1);
            file.Seal();
            await host.StopAsync();
        }

        (await File.ReadAllBytesAsync(Path.Combine(_folder, "objects/live/a/1"))).ShouldBe([1, 2, 3]);
        using var again = Build();
        await again.StartAsync();
        await using var content = await again.Services.GetRequiredService<ISpool>()
            .ReadAsync(ObjectName.Parse("live/a/1"), 0, null, default);
        content!.Length.ShouldBe(3);
        await again.StopAsync();
    }

    [Fact]
    public void With_a_bucket_the_store_is_S3()
    {
        using var host = Build(("Storage:Bucket", "media"), ("Storage:Endpoint", "http://127.0.0.1:1"), ("Storage:AccessKey", "id"),
            ("Storage:SecretKey", "hidden-thing"), ("Storage:Prefix", "/x/y/"));
        var store = host.Services.GetRequiredService<IObjectStore>().ShouldBeOfType<S3ObjectStore>();
        store.ToString().ShouldBe("bucket 'media' at http://127.0.0.1:1 under x/y/");
    }

    [Fact]
    public async Task Every_configuration_error_is_listed_and_prevents_the_start()
    {
        using var host = Build(
            ("Storage:Bucket", "No Bucket"), ("Storage:Endpoint", "ftp://user:hidden@host/path"), ("Storage:SecretKey", "hidden-thing"),
            ("Storage:Prefix", "../up"), ("Storage:TimeoutSeconds", "0"),
            ("Spool:MaxBytes", "5"), ("Spool:MemoryBytes", "-1"), ("Spool:MemorySeconds", "0"), ("Spool:MaxConcurrentUploads", "1000"),
            ("Spool:RecoverySeconds", "-1"));
        var refused = await Should.ThrowAsync<Exception>(() => host.StartAsync());
        var errors = refused is AggregateException many ? many.InnerExceptions.Cast<OptionsValidationException>()
            .SelectMany(e => e.Failures).ToArray() : ((OptionsValidationException)refused).Failures.ToArray();
        foreach (var key in (string[])["Storage:Bucket", "Storage:Endpoint", "Storage:SecretKey", "Storage:Prefix",
            "Storage:TimeoutSeconds", "Spool:MaxBytes", "Spool:MemoryBytes", "Spool:MemorySeconds", "Spool:MaxConcurrentUploads",
                "Spool:RecoverySeconds"])
        {
            errors.Count(error => error.StartsWith(key, StringComparison.Ordinal)).ShouldBe(1, key);
        }

        refused.ToString().ShouldNotContain("hidden");
    }

    [Theory]
    [InlineData("AccessKey", "id", "Storage:AccessKey is set but Storage:SecretKey is not")]
    [InlineData("Region", "", "Storage:Region is required")]
    [InlineData("Endpoint", "minio:9000", "Storage:Endpoint is not a URL")]
    [InlineData("Endpoint", "https://host/bucket", "Storage:Endpoint is not a URL")]
    [InlineData("Bucket", "", "Storage:Bucket is not")]
    [InlineData("AuthorityFile", "/nowhere/authority.pem", "cannot be read")]
    public void Configuration_error_names_a_fix(string key, string value, string message)
    {
        var options = new StorageOptions { Bucket = "media", Region = "eu-central-1" };
        typeof(StorageOptions).GetProperty(key)!.SetValue(options, value);
        new StorageOptionsValidator().Validate(null, options).Failures!.ShouldHaveSingleItem().ShouldContain(message);
    }

    [Fact]
    public void Valid_options_pass_validation()
    {
        foreach (var good in new StorageOptions[]
                 {
                     new(),
                     new() { Bucket = "media", Region = "eu-central-1" },
                     new() { Bucket = "my.media-1", Endpoint = "https://s3.example.org", AccessKey = "a", SecretKey = "b", Prefix = "a/b" },
                 })
        {
            new StorageOptionsValidator().Validate(null, good).Succeeded.ShouldBeTrue();
        }

        new SpoolOptionsValidator().Validate(null, new SpoolOptions()).Succeeded.ShouldBeTrue();
    }

    [Fact]
    public async Task Upload_backlog_is_exposed_as_metrics()
    {
        var gauges = new Dictionary<string, double>(StringComparer.Ordinal);
        var reasons = new List<string?>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == Telemetry.MeterName)
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            lock (gauges)
            {
                gauges[instrument.Name] = value;
                if (instrument.Name == "broadcast_upload_failures_total")
                {
                    reasons.Add(tags[0].Value as string);
                }
            }
        });
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) =>
        {
            lock (gauges)
            {
                gauges[instrument.Name] = value;
            }
        });
        await using var bench = new SpoolHarness();
        listener.Start();
        bench.Flaky.Fault = ObjectStoreErrorKind.Full;
        bench.Run();
        bench.Write("a", new byte[1000]).Seal();
        await bench.Until(() => bench.Spool.Status().Failures > 0);
        listener.RecordObservableInstruments();
        lock (gauges)
        {
            // Spools of other tests count as well.
            gauges["broadcast_spool_bytes"].ShouldBeGreaterThanOrEqualTo(1000);
            gauges["broadcast_spool_memory_bytes"].ShouldBeGreaterThanOrEqualTo(1000);
            gauges["broadcast_upload_queue_objects"].ShouldBeGreaterThanOrEqualTo(1);
            reasons.ShouldContain("full");
        }
    }

    private IHost Build(params (string Key, string Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration
            .AddInMemoryCollection(settings.Select(setting => new KeyValuePair<string, string?>(setting.Key, setting.Value)));
        builder.Services.AddSingleton(new DataFolder(_folder));
        builder.Services.AddStorage(builder.Configuration);
        return builder.Build();
    }
}
