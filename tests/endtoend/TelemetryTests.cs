using System.Collections.Concurrent;
using Broadcast.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>Export of metrics by a real server.</summary>
public sealed class TelemetryTests
{
    [Fact]
    public async Task Last_metrics_are_exported_before_the_data_folder_is_released()
    {
        var urls = "";
        var isLocked = new ConcurrentQueue<bool>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var collector = builder.Build();
        collector.MapPost("/v1/metrics", _ =>
        {
            // The server deletes the file when it releases the folder.
            isLocked.Enqueue(File.Exists(Volatile.Read(ref urls)));
            return Task.CompletedTask;
        });
        await collector.StartAsync();
        await using var server = await BroadcastServer.StartAsync(environment: new Dictionary<string, string?>
        {
            ["BROADCAST__Telemetry__OtlpEndpoint"] = collector.Urls.Single() + "/v1/metrics",
            ["BROADCAST__Telemetry__OtlpSeconds"] = "3600",
        });
        Volatile.Write(ref urls, Path.Combine(server.Data, "server.json"));
        File.Exists(urls).ShouldBeTrue();
        isLocked.ShouldBeEmpty("the next periodic export is an hour away");

        (await server.StopAsync()).ShouldBe(0);

        File.Exists(urls).ShouldBeFalse();
        isLocked.ShouldHaveSingleItem().ShouldBeTrue();
    }
}
