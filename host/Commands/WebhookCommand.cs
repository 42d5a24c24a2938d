using System.CommandLine;
using Broadcast.Control;

namespace Broadcast.Host.Commands;

/// <summary><c>webhook create|list|set|rotate|delete|test|log|replay</c>: whom the server tells of what happens.</summary>
internal static class WebhookCommand
{
    private static readonly Argument<string> Id = new("WEBHOOK") { Description = "Its id, as 'webhook list' shows it" };
    private static readonly Option<string?> Label = new("--label") { Description = "What it is for" };

    private static readonly Option<string?> Types = new("--types")
    {
        Description = $"What it hears of, with commas between: {string.Join(", ", HookTypes.All)}; or all", HelpName = "TYPES",
    };

    private static readonly Option<string?> Channels = new("--channels") { Description = "The channels that it hears of, with commas between, or all", HelpName = "NAMES" };

    public static Command Create() => new("webhook", "Tell your own services what happens: signed requests, tried again for a day") { New(), List(), Set(), Rotate(), Delete(), Test(), Log(), Replay() };

    private static Command New()
    {
        var url = new Argument<string>("URL") { Description = "https:// or http://; to an address that is not public only if Control:AllowedAddresses has it" };
        var create = new Command("create", "Make a webhook and print the secret that its requests are signed with, which is shown this once") { url, Label, Types, Channels };
        create.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var issued = await Directory(database).CreateAsync(Settings(parsed, parsed.GetValue(url)), cancellationToken);
            ChannelCommand.Done(
                parsed,
                new { webhook = issued.Info.Id, secret = issued.Secret },
                $"Webhook {issued.Info.Id} is there. Secret, shown only now:\n  {issued.Secret}\nTry it: broadcast webhook test {issued.Info.Id}");
        }));
        return create;
    }

    private static Command List()
    {
        var list = new Command("list", "Show all webhooks, without their secrets");
        list.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var webhooks = await Directory(database).ListAsync(cancellationToken);
            if (parsed.GetValue(Output.Json))
            {
                Output.Line(webhooks.Select(Row));
                return;
            }

            Output.Table(["id", "url", "label", "types", "channels", "state", "waiting"], webhooks.Select(w => new[]
            {
                w.Id, w.Url, w.Label, Names(w.Types), Names(w.Channels), State(w), $"{w.Waiting}",
            }));
        }));
        return list;
    }

    private static Command Set()
    {
        var url = new Option<string?>("--url") { Description = "Where it is told", HelpName = "URL" };
        var state = new Option<string?>("--state") { Description = "on or off", HelpName = "ON|OFF" };
        var set = new Command("set", "Change a webhook; what is not named stays") { Id, url, Label, Types, Channels, state };
        set.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var enabled = parsed.GetValue(state) switch
            {
                null => (bool?)null,
                "on" => true,
                "off" => false,
                var other => throw new ControlException([new("state", $"--state is 'on' or 'off', not '{other}'.")]),
            };
            var changed = await Directory(database).SetAsync(parsed.GetValue(Id)!, Settings(parsed, parsed.GetValue(url)) with { Enabled = enabled }, cancellationToken);
            ChannelCommand.Done(parsed, Row(changed), $"Webhook {changed.Id} ({State(changed)}): {changed.Url}, types {Names(changed.Types)}, channels {Names(changed.Channels)}.");
        }));
        return set;
    }

    private static Command Rotate()
    {
        var overlap = new Option<double?>("--overlap")
        {
            Description = $"Seconds that the old secret still signs beside the new one, 0 to {HookRules.MaxOverlap.TotalSeconds:0} ({HookRules.DefaultOverlap.TotalSeconds:0})", HelpName = "SECONDS",
        };
        var rotate = new Command("rotate", "Make a new secret, which is shown this once") { Id, overlap };
        rotate.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var time = parsed.GetValue(overlap) is { } seconds ? double.IsFinite(seconds) && Math.Abs(seconds) < 1e9 ? TimeSpan.FromSeconds(seconds) : TimeSpan.MaxValue : HookRules.DefaultOverlap;
            var issued = await Directory(database).RotateAsync(parsed.GetValue(Id)!, time, cancellationToken);
            var until = issued.Info.OldSecretUntil is { } end ? $"\nThe old one is good until {end:u}." : "";
            ChannelCommand.Done(parsed, new { webhook = issued.Info.Id, secret = issued.Secret, oldSecretUntil = issued.Info.OldSecretUntil }, $"New secret, shown only now:\n  {issued.Secret}{until}");
        }));
        return rotate;
    }

    private static Command Delete()
    {
        var delete = new Command("delete", "Delete a webhook with what waits for it") { Id };
        delete.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            await Directory(database).DeleteAsync(parsed.GetValue(Id)!, cancellationToken);
            ChannelCommand.Done(parsed, new { deleted = parsed.GetValue(Id) }, $"Webhook {parsed.GetValue(Id)} is deleted.");
        }));
        return delete;
    }

    private static Command Test()
    {
        var test = new Command("test", "Send a webhook.test now and tell what came of it") { Id };
        test.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var came = await HookTrial.RunAsync(database, Store.Control(Output.Folder(parsed)), TimeProvider.System, parsed.GetValue(Id)!, cancellationToken);
            ChannelCommand.Done(parsed, Row(came), came.Fault is null ? $"Delivered: answered {came.Status} after {came.Seconds:0.000} s." : $"Not delivered: {came.Fault}");
        }));
        return test;
    }

    private static Command Log()
    {
        var state = new Option<string?>("--state") { Description = string.Join(", ", DeliveryStates.All), HelpName = "STATE" };
        var limit = new Option<int>("--limit") { Description = $"How many, 1 to {HookLog.MaxPage} (50)", HelpName = "COUNT", DefaultValueFactory = _ => 50 };
        var before = new Option<long?>("--before") { Description = "Only those before this one, to read on", HelpName = "DELIVERY" };
        var log = new Command("log", "Show what a webhook was told, newest first") { Id, state, limit, before };
        log.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var deliveries = await History(parsed, database).ListAsync(parsed.GetValue(Id)!, parsed.GetValue(state), parsed.GetValue(before), parsed.GetValue(limit), cancellationToken);
            if (parsed.GetValue(Output.Json))
            {
                Output.Line(deliveries.Select(Row));
                return;
            }

            Output.Table(["id", "type", "channel", "happened", "state", "tries", "answer"], deliveries.Select(d => new[]
            {
                $"{d.Id}", d.Type, d.Channel ?? "", $"{d.CreatedAt:u}", d.State, $"{d.Attempts}", d.Fault ?? (d.Status is { } status ? $"{status}" : ""),
            }));
        }));
        return log;
    }

    private static Command Replay()
    {
        var delivery = new Argument<long>("DELIVERY") { Description = "As 'webhook log' shows it" };
        var replay = new Command("replay", "Have something told once more by the running server, under the same id") { Id, delivery };
        replay.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var again = await History(parsed, database).ReplayAsync(parsed.GetValue(Id)!, parsed.GetValue(delivery), cancellationToken);
            ChannelCommand.Done(parsed, Row(again), $"Delivery {again.Id} waits to be told once more.");
        }));
        return replay;
    }

    private static HookSettings Settings(ParseResult parsed, string? url) => new(url, parsed.GetValue(Label), Words(parsed.GetValue(Types)), Words(parsed.GetValue(Channels)));

    private static string[]? Words(string? list) => list switch
    {
        null => null,
        "all" => [],
        _ => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
    };

    private static string Names(IReadOnlyList<string> names) => names.Count == 0 ? "all" : string.Join(", ", names);

    private static string State(HookInfo w) => !w.Enabled ? w.DisabledReason is { } reason ? $"off: {reason}" : "off" : w.FailingSince is { } since ? $"failing since {since:u}" : "on";

    private static object Row(HookInfo w) => new
    {
        webhook = w.Id, url = w.Url, label = w.Label, types = w.Types, channels = w.Channels, enabled = w.Enabled, disabledReason = w.DisabledReason, createdAt = w.CreatedAt,
        oldSecretUntil = w.OldSecretUntil, triedAt = w.TriedAt, failingSince = w.FailingSince, waiting = w.Waiting, dropped = w.Dropped,
    };

    private static object Row(DeliveryInfo d) => new
    {
        id = d.Id, @event = d.EventId, type = d.Type, channel = d.Channel, state = d.State, attempts = d.Attempts, createdAt = d.CreatedAt, triedAt = d.TriedAt, nextAt = d.NextAt, status = d.Status,
        fault = d.Fault, excerpt = d.Excerpt, seconds = d.Seconds,
    };

    private static Webhooks Directory(Database database) => new(database, TimeProvider.System);

    private static HookLog History(ParseResult parsed, Database database) =>
        new(database, Microsoft.Extensions.Options.Options.Create(Store.Control(Output.Folder(parsed))), TimeProvider.System);
}
