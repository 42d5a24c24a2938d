using System.Text.Json;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcast.Benchmarks;

/// <summary>
/// <c>control-bare DATA</c>: upper limit for an API on this machine. The product's web server with a constant response, with one <c>SELECT
/// 1</c> per request, and with one row update per request. PostgreSQL is created, started and used as in the product. Requests are neither
/// authenticated nor validated, and nothing is notified.
/// </summary>
internal static class BareHost
{
    /// <summary>First argument that selects this mode.</summary>
    public const string Command = "control-bare";

    // As long as the API's representation of a channel.
    private static readonly string Answer = JsonSerializer.Serialize(new { name = "bench-1", filler = new string('x', 380) });

    /// <summary>Starts it with its PostgreSQL in a child process on the server's core.</summary>
    /// <param name="data">A new folder.</param>
    public static ChildProcess Start(string data) => ChildProcess.Start(
        "taskset",
        ["-c", Cores.Server, "dotnet", "exec", "--runtimeconfig", Path.ChangeExtension(Repository.ServerProgram(), ".runtimeconfig.json"),
            typeof(BareHost).Assembly.Location, Command, data]);

    /// <summary>Serves until SIGTERM; writes its address as a line of JSON.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is not [var data])
        {
            await Console.Error.WriteLineAsync($"usage: {Command} FOLDER");
            return 1;
        }

        await using var database = await ServerDatabase.OpenAsync(new DataFolder(Directory.CreateDirectory(data).FullName),
            new DatabaseOptions(), TimeProvider.System);
        await using (var make = database.Source.CreateCommand(
            "CREATE TABLE bench_rows (id int PRIMARY KEY, title text NOT NULL); INSERT INTO bench_rows SELECT i, '' FROM "
            + $"generate_series(0, {ApiLoad.Connections - 1}) AS i"))
        {
            await make.ExecuteNonQueryAsync();
        }

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.MapGet("/constant", () => Results.Text(Answer, "application/json"));
        app.MapGet("/select", async (HttpContext http) =>
        {
            await using var command = database.Source.CreateCommand("SELECT 1");
            await command.ExecuteScalarAsync(http.RequestAborted);
            return Results.Text(Answer, "application/json");
        });
        app.MapPatch("/rows/{id:int}", async (int id, HttpContext http) =>
        {
            await using var command = database.Source.CreateCommand("UPDATE bench_rows SET title = $2 WHERE id = $1");
            command.Parameters.Add(new() { Value = id });
            command.Parameters.Add(new() { Value = $"bench {TimeProvider.System.GetTimestamp()}" });
            await command.ExecuteNonQueryAsync(http.RequestAborted);
            return Results.Text(Answer, "application/json");
        });
        await app.StartAsync();
        Console.WriteLine(JsonSerializer.Serialize(new { http = app.Urls.Single() }));
        await app.WaitForShutdownAsync();
        return 0;
    }
}
