using System.CommandLine;
using Broadcast.Host.Configuration;

namespace Broadcast.Host.Commands;

/// <summary><c>config</c>: what the configuration comes to, with secrets hidden; or what is wrong with it.</summary>
internal static class ConfigCommand
{
    public static Command Create()
    {
        var command = new Command("config", "Show or check the configuration");
        var print = new Command("print", "Every option with its value in effect; secrets are hidden");
        print.SetAction(Output.Guarded((parsed, _) =>
        {
            var configuration = ServerConfiguration.Read(Output.Folder(parsed), new Dictionary<string, string?>(StringComparer.Ordinal));
            var options = OptionSections.All.SelectMany(s => Flatten(s.Key, s.Value, configuration)).ToList();
            if (parsed.GetValue(Output.Json))
            {
                Output.Line(options.ToDictionary(o => o.Path, o => o.Value, StringComparer.Ordinal));
            }
            else
            {
                Output.Table(["option", "value"], options.Select(o => new[] { o.Path, o.Value ?? "" }));
            }

            return Task.FromResult(0);
        }));
        var check = new Command("check", "Say what is wrong, every mistake at once; exit code 1 when something is");
        check.SetAction(Output.Guarded((parsed, _) =>
        {
            ServerConfiguration.Read(Output.Folder(parsed), new Dictionary<string, string?>(StringComparer.Ordinal));
            Console.Out.WriteLine(parsed.GetValue(Output.Json) ? "{\"ok\":true}" : "The configuration is fine.");
            return Task.FromResult(0);
        }));
        command.Subcommands.Add(print);
        command.Subcommands.Add(check);
        return command;
    }

    private static IEnumerable<(string Path, string? Value)> Flatten(string path, Type type, IConfiguration configuration)
    {
        var options = configuration.GetSection(path).Get(type) ?? Activator.CreateInstance(type)!;
        foreach (var property in type.GetProperties().Where(p => p.CanWrite))
        {
            var name = $"{path}:{property.Name}";
            var value = Convert.ToString(property.GetValue(options), System.Globalization.CultureInfo.InvariantCulture);
            yield return (name, value is { Length: > 0 } ? ConfigurationCheck.Shown(name, value) : value);
        }
    }
}
